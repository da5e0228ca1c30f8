import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { Search } from '@/api/generated';
import { steadyQuery } from '@/api/queries';
import { useMoment } from '@/app/moment';
import { usePageStatus } from '@/app/page-status';
import { AsCommand, AsJson } from '@/ui/as-same';
import { Band } from '@/ui/band';
import { counted, formatCount } from '@/ui/format';
import { Page } from '@/ui/page';
import { Facets } from './facets';
import { Hit } from './hit';
import { NothingFound } from './nothing-found';
import './search.css';
import { type Filter, type SearchQuery, searchCommand, searchParameters, toggled } from './search-parameters';

const STEP = 20;
/** What the server lists at most in one answer. */
const MOST = 500;

const route = getRouteApi('/search');

/** Search: hits with the reasons of each, and filters with their counts. */
export function SearchPage() {
  const query = searchParameters(route.useSearch() as Record<string, unknown>);
  const navigate = route.useNavigate();
  const { at_least } = useMoment();
  const found = useQuery(steadyQuery('/api/v1/search', { ...query, at_least }));
  const data = found.data;
  const status = usePageStatus([found], { empty: data?.total === 0, cut: data && cutOf(data) });
  const change = (next: SearchQuery) =>
    void navigate({
      to: '/search' as string,
      search: (now: { as_of?: string }) => ({ as_of: now.as_of, ...next }) as never,
      resetScroll: false,
    });
  return (
    <Page
      title={query.q ?? 'All assets'}
      heading={<bdi dir="auto">{query.q ?? 'All assets'}</bdi>}
      status={status}
      waitsFor="the hits"
      answer={data && <Answer found={data} query={query} />}
      actions={
        <>
          <AsJson path="/search" query={{ ...query }} />
          <AsCommand words={searchCommand(query)} />
        </>
      }
      knowsPast={false}
    >
      <div className="srch">
        {data && (
          <Facets query={query} found={data} onToggle={(filter: Filter, value) => change(toggled(query, filter, value))} />
        )}
        {data && <Hits found={data} query={query} onMore={() => change({ ...query, limit: data.hits.length + STEP })} />}
      </div>
    </Page>
  );
}

/** A page of hits is no cut answer: its button says how many more there are. */
const cutOf = (found: Search): string | null =>
  found.partial && found.reason !== 'limit'
    ? `The server stopped because of ${found.reason}. ${formatCount(found.hits.length)} are listed.`
    : null;

function Answer({ found, query }: { found: Search; query: SearchQuery }) {
  const exact = found.total_is === 'exact';
  if (found.total === 0) return <span role="status">Nothing matches.</span>;
  return (
    <span role="status">
      {!exact && 'At least '}
      {counted(found.total, 'asset')}
      {exact && query.q ? ', exactly' : ''}. {query.q ? 'Best match first.' : 'The most used first.'}
    </span>
  );
}

function Hits({ found, query, onMore }: { found: Search; query: SearchQuery; onMore: () => void }) {
  if (found.total === 0) return <NothingFound query={query} />;
  const rest = found.total - found.hits.length;
  return (
    <div className="hits">
      {found.omitted_words > 0 && (
        <Band tone="warn" shape="unknown" head={`${counted(found.omitted_words, 'word')} did not count.`}>
          A query has at most 40 different words.
        </Band>
      )}
      <ol className="rows">
        {found.hits.map((hit) => (
          <Hit key={hit.uri} hit={hit} />
        ))}
      </ol>
      {rest > 0 && found.hits.length < MOST && (
        <p>
          <button className="btn" type="button" onClick={onMore}>
            {rest > STEP ? `${STEP} more of ${formatCount(rest)}` : `${rest} more`}
          </button>
        </p>
      )}
      {rest > 0 && found.hits.length >= MOST && (
        <p className="t2">
          The first {formatCount(found.hits.length)} are listed. More words or a filter bring the others forward.
        </p>
      )}
    </div>
  );
}
