import { expect, test } from 'vitest';
import { checkCounts, columnsOf, columnUri, filterColumns, schemaChange } from './columns';
import { RATINGS } from './fixtures';

const PROPERTIES = {
  schema: [
    { name: 'member_id', type: 'long' },
    { name: 'place', type: 'struct', description: 'Where', fields: [{ name: 'city', type: 'string' }, { type: 'nameless' }] },
    'no column',
  ],
  quality: {
    assertions: [
      { assertion: 'not_null', column: 'member_id', params: {}, success: true },
      { assertion: 'between', column: 'member_id', params: { min: 1, max: 5 }, success: false },
      { assertion: 'row_count', success: null },
    ],
  },
};

test('columns come with nested fields and checks', () => {
  const rows = columnsOf(PROPERTIES);
  expect(rows.map((row) => [row.name, row.depth])).toEqual([
    ['member_id', 0],
    ['place', 0],
    ['place.city', 1],
  ]);
  expect(rows[0]?.checks).toEqual([
    { text: 'not null', met: true },
    { text: 'between 1 and 5', met: false },
  ]);
  expect(checkCounts(PROPERTIES)).toEqual({ met: 1, total: 3 });
});

test('whatever a source sends in place of a schema is no column', () => {
  for (const schema of [null, 7, 'text', {}, [null], [[1]], [{ name: 7 }]]) expect(columnsOf({ schema })).toEqual([]);
});

test('a search finds by all words in name, type and description', () => {
  const rows = columnsOf(PROPERTIES);
  expect(filterColumns(rows, 'PLACE str').map((row) => row.name)).toEqual(['place', 'place.city']);
  expect(filterColumns(rows, 'where').map((row) => row.name)).toEqual(['place']);
  expect(filterColumns(rows, '  ')).toHaveLength(3);
  expect(filterColumns(rows, 'nothing')).toEqual([]);
});

test('the URI of a column hides a # of its own', () => {
  expect(columnUri({ uri: RATINGS }, 'rating')).toBe('mlg://column/s3%3A%2F%2Flake/ratings%23rating');
  expect(columnUri({ uri: 'mlg://dataset/a/t%23x' }, 'c#1 (!)')).toBe('mlg://column/a/t%2523x%23c%25231%20%28%21%29');
  expect(columnUri({ uri: 'mlg://service/a/b' }, 'rating')).toBeNull();
});

test('a change of schema lists what is new, gone and of another type', () => {
  const after = {
    schema: [
      { name: 'member_id', type: 'string' },
      { name: 'score', type: 'double' },
    ],
  };
  expect(schemaChange(PROPERTIES, after)).toEqual({ added: ['score'], removed: ['place', 'place.city'], retyped: ['member_id'] });
});
