import type { Query } from '../api/query-string';

export const CHANGES = ['schema', 'values', 'withdraw', 'retire'] as const;
/** As the API's impact without a change: all that any change can affect. */
const ANY_CHANGE = 'any';
export const DIRECTIONS = ['downstream', 'upstream', 'both'] as const;
export const ROWS = ['team', 'kind', 'platform', 'namespace', 'environment'] as const;

export type Change = (typeof CHANGES)[number];
export type Direction = (typeof DIRECTIONS)[number];
export type RowsBy = (typeof ROWS)[number];
export type LanesPageName = 'lineage' | 'impact' | 'compare';

/** What a page of lanes shows. It stands in the URL under the names that the API has for it; defaults are left out. */
export interface View {
  readonly uri?: string;
  readonly direction?: Direction;
  readonly change?: Change;
  readonly level?: string;
  readonly kind?: readonly string[];
  readonly as_of?: string;
  /** The earlier moment, on the page that compares two. */
  readonly from?: string;
  readonly certain?: boolean;
  readonly by?: RowsBy;
  readonly open?: readonly string[];
  readonly select?: string;
  readonly at_least?: string;
}

/** Reads the search parameters of a URL; what is not known there is left out. */
export function readView(search: Readonly<Record<string, unknown>>): View {
  return cleared({
    uri: text(search.uri),
    direction: oneOf(DIRECTIONS, search.direction),
    change: oneOf(CHANGES, search.change),
    level: text(search.level),
    kind: texts(search.kind),
    as_of: text(search.as_of),
    certain: search.certain === 'true' || search.certain === true || undefined,
    by: oneOf(ROWS, search.by),
    open: texts(search.open),
    select: text(search.select),
    at_least: text(search.at_least),
  });
}

/** A comparison: a view without a moment of its own, and the moments between which it compares. */
export interface CompareSearch extends Omit<View, 'as_of' | 'change'> {
  readonly from?: string;
  readonly to?: string;
}

/** Reads the search parameters of a comparison. */
export function readComparison(search: Readonly<Record<string, unknown>>): CompareSearch {
  const view = readView({ ...search, as_of: undefined, change: undefined });
  const [from, to] = [text(search.from), text(search.to)];
  return { ...view, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

/** The view of a comparison's later moment. */
export function laterView({ from: _, to, ...view }: CompareSearch): View {
  return to === undefined ? view : { ...view, as_of: to };
}

/** The change that a page asks about: lineage asks about none, impact without a change about any. */
export function changeOf(page: LanesPageName, view: View): Change | undefined {
  return page === 'impact' ? view.change : undefined;
}

/** The parameters of `GET /api/v1/scene`. */
export function sceneQuery(page: LanesPageName, view: View): Query {
  const { uri, direction, level, kind, as_of, certain, by, open, at_least } = view;
  const asked = page === 'impact' ? { change: view.change ?? ANY_CHANGE } : { direction };
  const from = page === 'compare' ? view.from : undefined;
  return { uri, ...asked, level, kind, as_of, from, certain, by, open: open?.join(','), at_least };
}

/** The parameters of the same answer as a list: `GET /api/v1/lineage` or `/impact`. */
export function listQuery(page: LanesPageName, view: View): Query {
  const { uri, direction, level, kind, as_of, certain, at_least } = view;
  return { uri, direction, change: changeOf(page, view), level, kind, as_of, certain, at_least };
}

/** The words of the command that prints the same answer. */
export function commandWords(page: LanesPageName, view: View): string[] {
  const options: [name: string, value: string | undefined][] = [
    ['--change', changeOf(page, view)],
    ['--direction', page === 'lineage' ? view.direction : undefined],
    ['--level', view.level],
    ...(view.kind ?? []).map((kind): [string, string] => ['--kind', kind]),
    ['--as-of', view.as_of],
  ];
  const given = options.flatMap(([name, value]) => (value === undefined ? [] : [name, value]));
  return ['mlgraph', page, view.uri ?? '', ...given, ...(view.certain ? ['--certain'] : [])];
}

/** The same kind of view of another asset: what belongs to the old picture is left out. */
export function rooted(view: View, uri: string): View {
  const { direction, change, as_of, certain, by } = view;
  return cleared({ uri, direction, change, as_of, certain, by });
}

/** The view without parameters that say nothing. */
export function cleared(view: { readonly [Key in keyof View]: View[Key] | undefined }): View {
  const kept = Object.entries(view).filter(
    ([, value]) => value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0),
  );
  return Object.fromEntries(kept) as View;
}

function text(value: unknown): string | undefined {
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' && first !== '' ? first : typeof first === 'number' ? String(first) : undefined;
}

function texts(value: unknown): string[] | undefined {
  const all: unknown[] = Array.isArray(value) ? value : [value];
  const found = all.flatMap((each) => (typeof each === 'string' ? each.split(',') : [])).filter((each) => each !== '');
  return found.length > 0 ? [...new Set(found)] : undefined;
}

function oneOf<Value extends string>(known: readonly Value[], value: unknown): Value | undefined {
  return known.find((each) => each === value);
}
