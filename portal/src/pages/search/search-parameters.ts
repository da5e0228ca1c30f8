import { flag, list, present, type RawSearch, text, whole } from '@/app/params';

/** The filters of GET /api/v1/search, in the order in which the page lists them. */
export const FILTERS = ['kind', 'team', 'platform', 'environment', 'tag', 'owner', 'state'] as const;
export type Filter = (typeof FILTERS)[number];

/** The parameters of GET /api/v1/search that stand in the address of the page. */
export interface SearchQuery extends Readonly<Partial<Record<Filter, readonly string[]>>> {
  readonly q?: string;
  /** The last word is being typed. */
  readonly prefix?: true;
  readonly limit?: number;
}

export function searchParameters(raw: RawSearch): SearchQuery {
  const filters = Object.fromEntries(FILTERS.map((filter) => [filter, list(raw, filter)]));
  return present({
    q: text(raw, 'q'),
    ...filters,
    prefix: flag(raw, 'prefix'),
    limit: whole(raw, 'limit'),
  }) as SearchQuery;
}

export const hasFilters = (query: SearchQuery): boolean => FILTERS.some((filter) => query[filter]?.length);

/** The query with a value of a filter added, or taken away where it was there. The list begins anew. */
export function toggled({ limit: _, ...query }: SearchQuery, filter: Filter, value: string): SearchQuery {
  const before = query[filter] ?? [];
  const after = before.includes(value) ? before.filter((each) => each !== value) : [...before, value];
  return present({ ...query, [filter]: after.length ? after : undefined }) as SearchQuery;
}

/** The command that prints the same. */
export function searchCommand(query: SearchQuery): string[] {
  const filters = FILTERS.flatMap((filter) => (query[filter] ?? []).flatMap((value) => [`--${filter}`, value]));
  const limit = query.limit === undefined ? [] : ['--limit', String(query.limit)];
  return ['mlgraph', 'search', ...(query.q ? [query.q] : []), ...filters, ...limit];
}
