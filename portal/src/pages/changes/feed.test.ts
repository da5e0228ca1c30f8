import { expect, test } from 'vitest';
import type { Changes, FeedEntry } from '@/api/generated';
import {
  activeFilters,
  commandOf,
  cutOf,
  daysOf,
  feedQuery,
  fieldOf,
  isOpen,
  newestOf,
  ofField,
  shownWords,
  totalWords,
} from './feed';

function entry(name: string, more: Partial<FeedEntry> = {}): FeedEntry {
  return {
    change: 'appeared',
    asset: { uri: `mlg://dataset/s/${name}`, kind: 'dataset', name, owners: [], team: null },
    relation: null,
    target: null,
    fields: [],
    fields_total: 0,
    valid_from: '2026-11-29T12:00:00Z',
    recorded_at: '2026-11-29T12:00:00Z',
    origin: 'facts',
    actor: 'ana',
    ...more,
  };
}

function page(changes: FeedEntry[], more: Partial<Changes> = {}): Changes {
  return {
    from: '2026-11-28T12:30:00Z',
    to: '2026-11-29T12:30:00Z',
    uri: null,
    owner: null,
    changes,
    total: changes.length,
    total_is: 'exact',
    runs: 0,
    partial: false,
    reason: null,
    frontier: null,
    watermark: 1,
    ...more,
  };
}

test('a period counts as one filter', () => {
  expect(activeFilters({})).toBe(0);
  expect(activeFilters({ to: '2026-11-29T12:30:00Z' })).toBe(1);
  expect(activeFilters({ from: '2026-11-28T12:30:00Z', to: '2026-11-29T12:30:00Z', owner: 'mlg://team/o/a' })).toBe(2);
});

test('entries are grouped by day, then by actor as long as the same one acts', () => {
  const days = daysOf([
    page([
      entry('a'),
      entry('b', { recorded_at: '2026-11-29T11:00:00Z', origin: null }),
      entry('c', { actor: 'bo', recorded_at: '2026-11-29T10:00:00Z' }),
      entry('d', { recorded_at: '2026-11-29T09:00:00Z' }),
      entry('e', { recorded_at: '2026-11-26T12:00:00Z' }),
    ]),
  ]);
  expect(days.map(({ groups }) => groups.map(({ actor, assets, origins }) => [actor, assets, origins]))).toEqual([
    [
      ['ana', 2, ['facts', 'runs']],
      ['bo', 1, ['facts']],
      ['ana', 1, ['facts']],
    ],
    [['ana', 1, ['facts']]],
  ]);
});

test('a further page adds at the end and alters nothing above', () => {
  const first = page([entry('a'), entry('b')]);
  const second = page([entry('b', { relation: 'feeds', target: entry('c').asset }), entry('c')]);
  const keys = (pages: Changes[]) =>
    daysOf(pages).flatMap(({ groups }) => groups.flatMap((each) => each.listed.map(({ key }) => key)));
  const [before, after] = [keys([first]), keys([first, second])];
  expect(after.slice(0, before.length)).toEqual(before);
  expect(new Set(after).size).toBe(4);
  expect(daysOf([first, second])[0]?.groups[0]?.listed[1]).toEqual(daysOf([first])[0]?.groups[0]?.listed[1]);
});

test('in the past nothing later is asked for', () => {
  const [early, late] = ['2026-11-01T00:00:00+02:00', '2026-11-01T00:00:00Z'];
  expect(feedQuery({}, undefined).to).toBeUndefined();
  expect(feedQuery({}, late).to).toBe(late);
  expect(feedQuery({ to: late }, early).to).toBe(early);
  expect(feedQuery({ to: early }, late).to).toBe(early);
});

test('the command has the words of the command line', () => {
  expect(commandOf({})).toEqual(['mlgraph', 'changes']);
  expect(commandOf({ from: 'F', to: 'T', owner: 'O', uri: 'U' })).toEqual(
    'mlgraph changes U --from F --to T --owner O'.split(' '),
  );
});

test('what is shown is said of how many', () => {
  const last = page([entry('a')], { total: 40_120, total_is: 'at_least' });
  expect(shownWords(100, last)).toBe('100 of at least 40,120 changes are shown.');
  expect(shownWords(1, page([entry('a')]))).toBe('1 of 1 change is shown.');
  expect(totalWords(last)).toBe('At least 40,120 changes');
});

test('a page that continues is no cut answer', () => {
  expect(cutOf(page([], { partial: true, reason: 'limit' }))).toBeNull();
  expect(cutOf(page([], { partial: true, reason: 'size' }))).toContain('more facts');
  expect(cutOf(page([]))).toBeNull();
});

test('newer is what was recorded after the first entry, or after the beginning of an empty period', () => {
  expect(newestOf(page([entry('a'), entry('b')]))).toBe('2026-11-29T12:00:00Z');
  expect(newestOf(page([]))).toBe('2026-11-28T12:30:00Z');
});

test('a field keeps the exact time that was not touched', () => {
  const exact = '2026-11-29T12:00:07.123456Z';
  const shown = fieldOf(new Date(exact));
  expect(ofField(shown, exact)).toBe(exact);
  expect(Date.parse(ofField(shown, undefined) ?? '')).toBe(Date.parse('2026-11-29T12:00:00Z'));
  expect(ofField('', exact)).toBeUndefined();
});

test('only a period that has not ended can have newer changes', () => {
  const now = Date.parse('2026-11-29T12:00:00Z');
  expect(isOpen({}, now)).toBe(true);
  expect(isOpen({ to: '2026-11-29T12:00:01Z' }, now)).toBe(true);
  expect(isOpen({ to: '2026-11-29T12:00:00Z' }, now)).toBe(false);
});
