import { expect, test } from 'vitest';
import { asset, moment, relation } from './fixtures';
import { historyOf } from './history';
import { groupRelations } from './relations';

const texts = (history: Parameters<typeof historyOf>[0]['history']) => historyOf({ history }, []).map((entry) => entry.text);

test('each state says what its origin changed, newest first', () => {
  const schema = [{ name: 'a', type: 'long' }];
  expect(
    texts([
      moment('2026-10-25T14:00:00Z', { owners: ['mlg://team/org/data'], description: 'x' }, { valid_to: '2026-10-25T15:00:00Z' }),
      moment('2026-10-25T15:00:00Z', { owners: ['mlg://team/org/data'], description: 'y', properties: { schema } }),
      moment('2026-11-01T00:00:00Z', { description: 'by hand' }, { origin: 'curation', actor: 'ann' }),
    ]),
  ).toEqual(['Described', 'Described anew; got 1 column', 'First seen; described; owned by \u2068data\u2069']);
});

test('columns, rows, checks and tags have words of their own', () => {
  const columns = (...names: string[]) => names.map((name) => ({ name, type: 'long' }));
  const quality = (success: boolean) => ({ assertions: [{ assertion: 'not_null', column: 'a', success }] });
  const states = [
    { tags: ['x'], properties: { schema: columns('a', 'b'), profile: { num_rows: 5 }, quality: quality(true) } },
    { tags: ['y'], properties: { schema: columns('a', 'c'), profile: { num_rows: 77257 }, quality: quality(false), odd: 1 } },
  ];
  const [newest] = texts(
    states.map((state, n) => moment(`2026-11-0${n + 1}T00:00:00Z`, state, { valid_to: n ? null : '2026-11-02T00:00:00Z' })),
  );
  expect(newest).toBe(
    'Got the tag y; lost the tag x; 1 new column: c; 1 column gone: b; 77,257 rows; 1 of 1 check not met; odd changed',
  );
});

test('an end is an entry, and a state after a gap begins from scratch', () => {
  const ended = moment('2026-11-01T00:00:00Z', { description: 'x' }, { valid_to: '2026-11-02T00:00:00Z' });
  expect(texts([ended])).toEqual(['Taken back by its source', 'First seen; described']);
  expect(texts([ended, moment('2026-11-05T00:00:00Z', { description: 'x' })])).toEqual([
    'Described',
    'Taken back by its source',
    'First seen; described',
  ]);
});

test('what became known more than a day later says when', () => {
  const late = moment('2026-11-01T00:00:00Z', {}, { recorded_at: '2026-11-29T00:00:00Z' });
  expect(historyOf(asset({ history: [late] }), [])[0]?.recordedAt).toBe('2026-11-29T00:00:00Z');
  expect(historyOf(asset({ history: [moment('2026-11-01T00:00:00Z', {})] }), [])[0]?.recordedAt).toBeNull();
});

test('the beginnings of relations are part of it', () => {
  const { groups } = groupRelations([relation('input_to', 'mlg://workflow/a/b', { valid_from: '2026-11-15T00:00:00Z' })], false);
  const entries = historyOf(asset({ history: [moment('2026-11-20T00:00:00Z', {}), moment('2026-11-01T00:00:00Z', {})] }), groups);
  expect(entries.map((entry) => entry.at.slice(0, 10))).toEqual(['2026-11-20', '2026-11-15', '2026-11-01']);
  expect(entries[1]?.text).toBe('Read by \u2068b\u2069');
});
