import { useState } from 'react';
import type { Search } from '@/api/generated';
import { FilterFold } from '@/ui/filter-fold';
import { formatCount, kindWord, nameOfUri } from '@/ui/format';
import { FILTERS, type Filter, type SearchQuery } from './search-parameters';

const LISTED = 8;
const STATES = ['live', 'deprecated', 'deleted'];

interface FacetsProps {
  readonly query: SearchQuery;
  readonly found: Search | undefined;
  readonly onToggle: (filter: Filter, value: string) => void;
}

/** The filters with the number of hits that each value would leave. */
export function Facets({ query, found, onToggle }: FacetsProps) {
  const chosen = FILTERS.reduce((sum, filter) => sum + (query[filter]?.length ?? 0), 0);
  return (
    <form className="facets" aria-label="Filters">
      <FilterFold active={chosen}>
        {FILTERS.map((filter) => (
          <Facet key={filter} filter={filter} query={query} found={found} onToggle={onToggle} />
        ))}
      </FilterFold>
    </form>
  );
}

/** The values of a filter with their counts, the most frequent first; chosen ones are listed whatever their count. */
export function facetValues(
  filter: Filter,
  query: SearchQuery,
  found: Search | undefined,
): [value: string, count: number | null][] {
  const counts = new Map<string, number | null>(Object.entries(found?.facets[filter] ?? {}));
  const always = filter === 'state' ? STATES : [];
  for (const value of [...(query[filter] ?? []), ...always]) if (!counts.has(value)) counts.set(value, null);
  const rank = (value: string, count: number | null) => (filter === 'state' ? -STATES.indexOf(value) : (count ?? -1));
  return [...counts].sort(([a, ofA], [b, ofB]) => rank(b, ofB) - rank(a, ofA) || a.localeCompare(b));
}

function Facet({ filter, query, found, onToggle }: FacetsProps & { filter: Filter }) {
  const [all, setAll] = useState(false);
  const values = facetValues(filter, query, found);
  const chosen = query[filter] ?? [];
  if (values.length === 0) return null;
  const listed = values.filter(([value], index) => all || index < LISTED || chosen.includes(value));
  const others = found?.facets_others[filter] ?? 0;
  return (
    <fieldset>
      <legend>{filter[0]?.toUpperCase() + filter.slice(1)}</legend>
      {listed.map(([value, count]) => (
        <label key={value}>
          <input type="checkbox" checked={chosen.includes(value)} onChange={() => onToggle(filter, value)} />
          <span className="facet-v" dir="auto" title={value}>
            {wordOf(filter, value)}
          </span>
          <span className="num t3">{count === null ? '' : formatCount(count)}</span>
        </label>
      ))}
      {listed.length < values.length && (
        <button className="btn quiet" type="button" onClick={() => setAll(true)}>
          {values.length - listed.length} more
        </button>
      )}
      {others > 0 && <p className="t3 xs">{formatCount(others)} hits have other values.</p>}
    </fieldset>
  );
}

function wordOf(filter: Filter, value: string): string {
  if (filter === 'kind') return kindWord(value);
  return filter === 'team' || filter === 'owner' ? nameOfUri(value) : value;
}
