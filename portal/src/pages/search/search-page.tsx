import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { steadyQuery } from '@/api/queries';
import { usePageStatus } from '@/app/page-status';
import { AsCommand, AsJson } from '@/ui/as-same';
import { AssetName } from '@/ui/asset-name';
import { counted } from '@/ui/format';
import { Page } from '@/ui/page';

const route = getRouteApi('/search');

export function SearchPage() {
  const query = route.useSearch() as { q?: string };
  const found = useQuery(steadyQuery('/api/v1/search', query));
  const status = usePageStatus([found], { empty: found.data?.total === 0 });
  return (
    <Page
      title={query.q ?? 'All assets'}
      status={status}
      answer={found.data && `${counted(found.data.total, 'asset')}. Best match first.`}
      actions={
        <>
          <AsJson path="/search" query={query} />
          <AsCommand words={['mlgraph', 'search', query.q ?? '']} />
        </>
      }
      knowsPast={false}
    >
      <ol className="rows">
        {found.data?.hits.map((hit) => (
          <li key={hit.uri}>
            <AssetName uri={hit.uri} kind={hit.kind} name={hit.name} />
          </li>
        ))}
      </ol>
    </Page>
  );
}
