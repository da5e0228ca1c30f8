import type { Query } from '../api/query-string';

export const CHANGES = ['schema', 'values', 'withdraw', 'retire'] as const;
export const DIRECTIONS = ['downstream', 'upstream', 'both'] as const;
export const ROWS = ['team', 'kind', 'platform', 'namespace', 'environment'] as const;

export type Change = (typeof CHANGES)[number];
export type Direction = (typeof DIRECTIONS)[number];
export type RowsBy = (typeof ROWS)[number];
export type LanesPage = 'lineage' | 'impact';

/** What a page of lanes shows. It stands in the URL under the names that the API has for it; defaults are left out. */
export interface View {
  readonly uri?: string;
  readonly direction?: Direction;
  readonly change?: Change;
  readonly level?: string;
  readonly kind?: readonly string[];
  readonly as_of?: string;
  readonly certain?: boolean;
  readonly by?: RowsBy;
  readonly open?: readonly string[];
  readonly select?: string;
  readonly at_least?: string;
  /** Only the path to the selected mark stays in ink. */
  readonly only?: 'path';
}

const DEFAULT_CHANGE: Change = 'schema';

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
    only: search.only === 'path' ? 'path' : undefined,
  });
}

/** The change that a page asks about: lineage asks about none. */
export function changeOf(page: LanesPage, view: View): Change | undefined {
  return page === 'impact' ? (view.change ?? DEFAULT_CHANGE) : undefined;
}

/** The parameters of `GET /api/v1/scene`. */
export function sceneQuery(page: LanesPage, view: View): Query {
  const { uri, direction, level, kind, as_of, certain, by, open, at_least } = view;
  return { uri, direction, change: changeOf(page, view), level, kind, as_of, certain, by, open: open?.join(','), at_least };
}

/** The parameters of the same answer as a list: `GET /api/v1/lineage` or `/impact`. */
export function listQuery(page: LanesPage, view: View): Query {
  const { uri, direction, level, kind, as_of, certain, at_least } = view;
  return { uri, direction, change: changeOf(page, view), level, kind, as_of, certain, at_least };
}

/** The command that prints the same answer. */
export function command(page: LanesPage, view: View): string {
  const options: [string, string | undefined][] = [
    ['--change', changeOf(page, view)],
    ['--direction', view.direction],
    ['--level', view.level],
    ...(view.kind ?? []).map((kind): [string, string] => ['--kind', kind]),
    ['--as-of', view.as_of],
  ];
  const given = options.flatMap(([name, value]) => (value === undefined ? [] : [name, quoted(value)]));
  return ['mlgraph', page, quoted(view.uri ?? ''), ...given, ...(view.certain ? ['--certain'] : [])].join(' ');
}

/** A word for a POSIX shell. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** The view with a fold opened or closed. Closing one closes what is open inside it. */
export function withFold(view: View, id: string, open: boolean, inside: readonly string[] = []): View {
  const closed = new Set([id, ...inside]);
  const others = (view.open ?? []).filter((each) => !closed.has(each));
  return cleared({ ...view, open: open ? [...others, id] : others });
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
