import { useQueries } from '@tanstack/react-query';
import { apiQuery } from '@/api/queries';
import { PageLink } from '@/app/page-link';
import { Empty } from '@/ui/empty';
import { counted } from '@/ui/format';
import { hasFilters, type SearchQuery } from './search-parameters';

interface Alternative {
  readonly label: string;
  readonly query: SearchQuery;
}

const MOST_WORDS = 5;

/** Queries near one that found nothing: without its filters, among what was deleted, and of its single words. */
export function alternatives(query: SearchQuery): Alternative[] {
  const { q = '' } = query;
  const words = [...new Set(q.replaceAll('"', ' ').split(/\s+/).filter(Boolean))];
  return [
    ...(hasFilters(query) ? [{ label: 'without the filters', query: { q } }] : []),
    ...(q && !query.state ? [{ label: 'among what was deleted', query: { ...query, state: ['deleted'] } }] : []),
    ...(words.length > 1 ? words.slice(0, MOST_WORDS).map((word) => ({ label: `with “${word}”`, query: { q: word } })) : []),
  ];
}

/** The text of an empty list of hits: why, and where to go on, with the number of hits there. */
export function NothingFound({ query }: { query: SearchQuery }) {
  const options = alternatives(query);
  const answers = useQueries({ queries: options.map((option) => apiQuery('/api/v1/search', { ...option.query, limit: 1 })) });
  const found = options.flatMap((option, index) => {
    const total = answers[index]?.data?.total ?? 0;
    return total > 0 ? [{ ...option, total }] : [];
  });
  const words = query.q ? (/\s/.test(query.q.trim()) ? 'has these words' : 'has this word') : 'is here';
  return (
    <div className="nothing">
      <Empty>
        No asset {words}
        {hasFilters(query) && (query.q ? ' and passes the filters' : ' that passes the filters')}.
      </Empty>
      {found.length > 0 && (
        <ul className="rows tight">
          {found.map(({ label, query: near, total }) => (
            <li key={label}>
              <PageLink page="/search" search={near as Record<string, string>}>
                {counted(total, 'asset')} <bdi>{label}</bdi>
              </PageLink>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
