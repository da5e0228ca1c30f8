import type { Changes } from '@/api/generated';
import { type ChangeSummary, summarise } from '@/ui/change-summary';
import { counted, formatCount } from '@/ui/format';

export interface ChangesSearch {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly owner?: string | undefined;
  readonly uri?: string | undefined;
}

/** How many filters narrow the feed; a period counts once. */
export function activeFilters({ from, to, owner, uri }: ChangesSearch): number {
  return [from ?? to, owner, uri].filter((each) => each !== undefined).length;
}

/** What the page asks for. In the past nothing is listed that was recorded after the moment. */
export function feedQuery({ from, to, owner, uri }: ChangesSearch, as_of: string | undefined) {
  return { from, to: earlier(to, as_of), owner, uri };
}

function earlier(one: string | undefined, other: string | undefined): string | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Date.parse(other) < Date.parse(one) ? other : one;
}

/** The command that prints the same. */
export function commandOf({ from, to, owner, uri }: ChangesSearch): string[] {
  return [
    'mlgraph',
    'changes',
    ...(uri ? [uri] : []),
    ...(from ? ['--from', from] : []),
    ...(to ? ['--to', to] : []),
    ...(owner ? ['--owner', owner] : []),
  ];
}

/** A summary with a key that stays when pages are added. */
export interface Listed {
  readonly key: string;
  readonly summary: ChangeSummary;
}

/** Changes in a row by one actor. */
export interface ActorGroup {
  readonly actor: string;
  readonly origins: readonly string[];
  readonly assets: number;
  readonly listed: readonly Listed[];
}

export interface Day {
  readonly day: Date;
  readonly groups: readonly ActorGroup[];
}

/**
 * The entries of the pages by day in the reader's zone, then by actor, in the feed's order. Each page is summarised by itself:
 * a further page adds at the end and alters nothing above.
 */
export function daysOf(pages: readonly Changes[]): Day[] {
  const listed = pages.flatMap((page, place) =>
    summarise(page.changes).map((summary) => ({ key: `${place} ${summary.asset.uri} ${summary.recordedAt}`, summary })),
  );
  return inRows(listed, ({ summary }) => new Date(summary.recordedAt).toDateString()).map(([first, ...rest]) => ({
    day: new Date(first.summary.recordedAt),
    groups: inRows([first, ...rest], ({ summary }) => summary.actor).map(groupOf),
  }));
}

function groupOf(listed: readonly [Listed, ...Listed[]]): ActorGroup {
  return {
    actor: listed[0].summary.actor,
    origins: [...new Set(listed.map(({ summary }) => summary.origin ?? 'runs'))],
    assets: new Set(listed.map(({ summary }) => summary.asset.uri)).size,
    listed,
  };
}

/** Neighbours with the same key, together. */
function inRows<T>(all: readonly T[], keyOf: (each: T) => string): [T, ...T[]][] {
  const rows: [T, ...T[]][] = [];
  for (const each of all) {
    const row = rows.at(-1);
    if (row && keyOf(row[0]) === keyOf(each)) row.push(each);
    else rows.push([each]);
  }
  return rows;
}

export const listedCount = (pages: readonly Changes[]): number => pages.reduce((sum, page) => sum + page.changes.length, 0);

/** `At least 40,120 changes`. The last page knows the total best: those before it are included. */
export const totalWords = ({ total, total_is }: Pick<Changes, 'total' | 'total_is'>): string =>
  `${total_is === 'exact' ? '' : 'At least '}${counted(total, 'change')}`;

/** `100 of 357 changes are shown.` */
export const shownWords = (shown: number, last: Changes): string =>
  `${formatCount(shown)} of ${last.total_is === 'exact' ? '' : 'at least '}${counted(last.total, 'change')} ${last.total === 1 ? 'is' : 'are'} shown.`;

/** The recording time after which an entry is newer than the list. */
export const newestOf = (first: Changes): string => first.changes[0]?.recorded_at ?? first.from;

/** Whether something can still be recorded in the period. */
export const isOpen = ({ to }: ChangesSearch, now = Date.now()): boolean => to === undefined || Date.parse(to) > now;

/** Why the answer does not reach back to its beginning; null where it only continues on the next page. */
export const cutOf = (last: Changes): string | null =>
  last.partial && last.reason !== 'limit'
    ? 'The period has more facts than one answer reads. What is older follows after the last one shown.'
    : null;

/** A time as a field of date and time shows it, in the reader's zone. */
export function fieldOf(at: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** The time that a field means; what was not touched stays as exact as it was. Undefined: none. */
export function ofField(value: string, before: string | undefined): string | undefined {
  if (value === '') return undefined;
  if (before !== undefined && fieldOf(new Date(before)) === value) return before;
  return new Date(value).toISOString();
}
