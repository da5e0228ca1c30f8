import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { apiQuery } from '@/api/queries';
import { PageLink } from '@/app/page-link';
import { AssetName } from '@/ui/asset-name';
import { AssetPicker, type PickedAsset } from '@/ui/asset-picker';
import { Empty } from '@/ui/empty';
import { formatCount } from '@/ui/format';

const root = getRouteApi('__root__');
const SHOWN = 50;

/** Chooses a relation: an asset by search, then one of the relations that it has. */
export function RelationForm() {
  const [asset, setAsset] = useState<PickedAsset | null>(null);
  return (
    <div className="ends">
      <AssetPicker label="Relations of" autoFocus onPick={setAsset} />
      {asset && <RelationsOf uri={asset.uri} />}
    </div>
  );
}

function RelationsOf({ uri }: { uri: string }) {
  const { as_of } = root.useSearch() as { as_of?: string };
  const found = useQuery(apiQuery('/api/v1/asset', { uri, as_of }));
  const relations = found.data?.relations ?? [];
  if (found.error) return <Empty>{found.error.detail || found.error.title}</Empty>;
  if (found.data && relations.length === 0) return <Empty>It has no relation at this moment.</Empty>;
  return (
    <div className="wide">
      <ul className="rows">
        {relations.slice(0, SHOWN).map(({ source, relation, target, name, direction }) => (
          <li key={`${source} ${relation} ${target}`} className="edge">
            <PageLink page="/why" search={{ source, relation, target }}>
              {direction === 'in' ? 'from' : 'to'} <bdi>{name}</bdi>: {relation.replaceAll('_', ' ')}
            </PageLink>
            <AssetName uri={direction === 'in' ? source : target} name={name} link={false} />
          </li>
        ))}
      </ul>
      {found.data && found.data.relations_total > SHOWN && (
        <p className="why">
          {formatCount(found.data.relations_total - SHOWN)} more:{' '}
          <PageLink page="/asset" search={{ uri, tab: 'relations' }}>
            all relations
          </PageLink>
        </p>
      )}
    </div>
  );
}
