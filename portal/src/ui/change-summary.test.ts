import { expect, test } from 'vitest';
import type { ChangedEnd, FeedEntry } from '@/api/generated';
import { byDay, columnChanges, concerns, edgeWords, otherFields, predicate, summarise } from './change-summary';

const end = (name: string): ChangedEnd => ({ uri: `mlg://dataset/s/${name}`, kind: 'dataset', name, owners: [], team: null });

function entry(name: string, more: Partial<FeedEntry> = {}): FeedEntry {
  return {
    change: 'appeared',
    asset: end(name),
    relation: null,
    target: null,
    fields: [],
    fields_total: 0,
    valid_from: '2026-11-29T15:00:00Z',
    recorded_at: '2026-11-29T15:00:00Z',
    origin: 'facts',
    actor: 'local',
    ...more,
  };
}

const field = (name: string, before: unknown, after: unknown) => ({ field: name, before, after, left_out_bytes: null });

test('what was recorded together about one asset is one entry', () => {
  const summaries = summarise([
    entry('a', { relation: 'input_to', target: end('x') }),
    entry('b'),
    entry('a'),
    entry('a', { relation: 'input_to', target: end('y') }),
    entry('a', { recorded_at: '2026-11-28T15:00:00Z' }),
  ]);
  expect(summaries.map(({ asset, edges }) => [asset.name, edges.map((edge) => edge.targets.length)])).toEqual([
    ['a', [2]],
    ['b', []],
    ['a', []],
  ]);
});

test('an edge is said as a sentence', () => {
  expect([
    edgeWords('appeared', 'serves'),
    edgeWords('appeared', 'input_to'),
    edgeWords('ended', 'input_to'),
    edgeWords('ended', 'serves'),
    edgeWords('appeared', 'trained_on'),
  ]).toEqual(['Now serves', 'Is now read by', 'Is no longer read by', 'No longer serves', 'Was trained on']);
});

test('columns are told from other fields', () => {
  const altered = entry('a', {
    change: 'altered',
    fields: [
      field('properties.schema.age', {}, null),
      field('properties.schema.age_band', null, {}),
      field('description', 'x', 'y'),
    ],
  });
  expect(columnChanges(altered)).toEqual([
    { column: 'age', what: 'is gone' },
    { column: 'age_band', what: 'is new' },
  ]);
  expect(otherFields(altered)).toEqual(['description']);
  expect(summarise([altered]).map(predicate)).toEqual(['changed its columns']);
});

test('near is an asset itself or a neighbour', () => {
  const [summary] = summarise([entry('a', { relation: 'feeds', target: end('b') })]);
  if (!summary) throw new Error('no summary');
  expect(['a', 'b', 'c'].map((name) => concerns(summary, new Set([end(name).uri])))).toEqual([true, true, false]);
});

test('days keep the order of the feed', () => {
  const summaries = summarise([entry('a'), entry('b'), entry('c', { recorded_at: '2026-11-27T12:00:00Z' })]);
  expect(byDay(summaries).map(({ summaries: ofDay }) => ofDay.length)).toEqual([2, 1]);
});
