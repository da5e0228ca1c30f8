import { useQuery } from '@tanstack/react-query';
import type { Asset } from '@/api/generated';
import { apiQuery } from '@/api/queries';
import { PageLink, useHasPage } from '@/app/page-link';
import { Shape } from '@/ui/effect';
import { counted, kindWord } from '@/ui/format';
import { KindIcon } from '@/ui/icon';
import { Name } from '@/ui/name';
import { OwnerLink } from '@/ui/owner-link';
import { useShownMoment } from './moment';
import type { RelationGroup } from './relations';
import { relationSentence } from './sentence';

export function Heading({ asset }: { asset: Asset }) {
  return (
    <>
      <KindIcon kind={asset.kind} />
      <Name text={asset.name} />
    </>
  );
}

/** The answer in one sentence, and below it what the asset is, how it is, and how much depends on it. */
export function Answer({ asset, groups }: { asset: Asset; groups: readonly RelationGroup[] }) {
  const sentence = relationSentence(groups);
  return (
    <>
      <bdi>{sentence || 'Nothing reads it and nothing wrote it.'}</bdi>
      <span className="meta">
        <span>{kindWord(asset.kind)}</span>
        <Health asset={asset} named />
        <Owners asset={asset} />
        {asset.deprecated && <span className="tag warn">deprecated</span>}
        <Downstream asset={asset} />
      </span>
    </>
  );
}

/** The health of an asset; `named`: where no title says that it is the health. */
export function Health({ asset, named = false }: { asset: Asset; named?: boolean }) {
  switch (asset.health.status) {
    case 'ok':
      return (
        <span className="ok">
          <Shape name="ok" /> ok
        </span>
      );
    case 'failing':
      return (
        <span className="bad">
          <Shape name="unmet" /> failing
        </span>
      );
    default:
      return (
        <span>
          <Shape name="unknown" /> {named && 'health '}unknown
        </span>
      );
  }
}

function Owners({ asset }: { asset: Asset }) {
  const [first, ...others] = asset.owners;
  if (first === undefined) return <span>nobody owns it</span>;
  return (
    <span className="owner">
      owned by <OwnerLink uri={first} />
      {others.length > 0 && ` and ${others.length} more`}
    </span>
  );
}

/** How many assets are downstream; loaded after the page, because it is a closure. */
function Downstream({ asset }: { asset: Asset }) {
  const as_of = useShownMoment();
  const found = useQuery(apiQuery('/api/v1/lineage', { uri: asset.uri, as_of, limit: 1 }));
  if (!found.data) return null;
  const downstream = found.data.total - 1; // without the asset itself
  if (downstream <= 0) return <span>nothing is downstream</span>;
  return (
    <span>
      <PageLink page="/impact" search={{ uri: asset.uri }}>
        {counted(downstream, 'asset')}
      </PageLink>{' '}
      downstream
    </span>
  );
}

/** Buttons to the pictures that start here. */
export function HeadLinks({ asset }: { asset: Asset }) {
  const search = { uri: asset.uri };
  return (
    <>
      {useHasPage('/compare') && (
        <PageLink page="/compare" search={search} className="btn">
          Compare times
        </PageLink>
      )}
      {useHasPage('/path') && (
        <PageLink page="/path" search={{ source: asset.uri }} className="btn">
          Path to ...
        </PageLink>
      )}
      {useHasPage('/lineage') && (
        <PageLink page="/lineage" search={search} className="btn">
          Lineage
        </PageLink>
      )}
      {useHasPage('/impact') && (
        <PageLink page="/impact" search={search} className="btn pri">
          Impact
        </PageLink>
      )}
    </>
  );
}
