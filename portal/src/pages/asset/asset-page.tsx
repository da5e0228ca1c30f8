import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useEffect } from 'react';
import type { Asset } from '@/api/generated';
import { apiQuery } from '@/api/queries';
import { noteOpened } from '@/app/my-assets';
import { type PageStatus, usePageStatus } from '@/app/page-status';
import { AsCommand, AsJson } from '@/ui/as-same';
import { nameOfUri } from '@/ui/format';
import { Page } from '@/ui/page';
import './asset.css';
import { Answer, Heading, HeadLinks } from './asset-head';
import { EditOutcome } from './edit-outcome';
import { EditingContext, useEditing } from './editing';
import { ExistenceBand } from './existence-band';
import { PinButton } from './pin-button';
import { groupRelations } from './relations';
import { Sections } from './sections';
import { NoUri, UnknownAsset } from './unknown-asset';

const route = getRouteApi('/asset');

/** What an asset is, who answers for it, who uses it, where it came from; edited in place. */
export function AssetPage() {
  const { uri } = route.useSearch();
  return uri === undefined ? <NoUri /> : <PageOf key={uri} uri={uri} />;
}

function PageOf({ uri }: { uri: string }) {
  const { as_of, at_least } = route.useSearch() as { as_of?: string; at_least?: number };
  const found = useQuery(apiQuery('/api/v1/asset', { uri, as_of, at_least }));
  const asset = found.data;
  const status = usePageStatus([found], { cut: asset && cutOf(asset) });
  if (found.error?.status === 404 || found.error?.status === 422) return <UnknownAsset uri={uri} status={status} />;
  const title = asset?.name ?? nameOfUri(uri);
  return asset ? (
    <Known
      asset={asset}
      title={title}
      status={status}
      past={as_of !== undefined}
      queryKey={['/api/v1/asset', { uri, as_of, at_least }]}
    />
  ) : (
    <Page title={title} crumb={<Uri uri={uri} />} status={status} waitsFor={`the facts about ${title.slice(0, 60)}`} />
  );
}

interface KnownProps {
  readonly asset: Asset;
  readonly title: string;
  readonly status: PageStatus;
  readonly past: boolean;
  readonly queryKey: readonly unknown[];
}

function Known({ asset, title, status, past, queryKey }: KnownProps) {
  const editing = useEditing(asset, queryKey, past);
  const { uri, kind } = asset;
  useEffect(() => noteOpened({ uri, kind, name: title }), [uri, kind, title]);
  const { groups } = groupRelations(asset.relations, false);
  return (
    <EditingContext value={editing}>
      <Page
        title={title}
        crumb={<Uri uri={asset.uri} />}
        heading={<Heading asset={asset} />}
        answer={<Answer asset={asset} groups={groups} />}
        actions={<Actions asset={asset} past={past} />}
        status={status}
      >
        <ExistenceBand asset={asset} />
        <Sections asset={asset} groups={groups} />
        <EditOutcome />
      </Page>
    </EditingContext>
  );
}

const Uri = ({ uri }: { uri: string }) => (
  <span className="id" dir="ltr">
    {uri}
  </span>
);

function Actions({ asset, past }: { asset: Asset; past: boolean }) {
  const query = past ? { uri: asset.uri, as_of: asset.as_of } : { uri: asset.uri };
  return (
    <>
      <AsJson path="/asset" query={query} />
      <AsCommand words={['mlgraph', 'show', asset.uri, ...(past ? ['--as-of', asset.as_of] : [])]} />
      <PinButton asset={asset} />
      <HeadLinks asset={asset} />
    </>
  );
}

/** Why relations are missing, in words; null if none is. */
function cutOf(asset: Asset): string | null {
  if (!asset.partial) return null;
  const listed = asset.relations.length.toLocaleString('en-GB');
  if (asset.reason === 'limit') {
    const total = asset.relations_total.toLocaleString('en-GB');
    return `${listed} of ${total} relations are listed here. Lineage has all of them.`;
  }
  return `Relations of one rule are missing: ${asset.reason ?? 'unknown'} would exceed its limit of facts.`;
}
