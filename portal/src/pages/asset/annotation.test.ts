import { expect, test } from 'vitest';
import type { FieldValue } from '@/api/generated';
import { type Annotation, isCurated, undoOf } from './annotation';

const claim = (overrides: Partial<FieldValue>): FieldValue => ({
  value: null,
  origin: 'dbt',
  actor: null,
  at: '2026-01-01T00:00:00Z',
  others: [],
  ...overrides,
});

test('a value that nobody wrote before is taken back', () => {
  expect(undoOf('description', { fields: {} })).toEqual([{ description: null }]);
  expect(undoOf('owners', { fields: { owners: claim({ value: ['mlg://team/a/b'] }) } })).toEqual([{ owners: null }]);
  expect(undoOf('tags', { fields: { tags: claim({ value: ['gold'] }) } })).toEqual([{ tags: null }]);
});

test('a value that somebody wrote before comes back', () => {
  const fields = {
    description: claim({ value: 'before', origin: 'curation' }),
    deprecated: claim({ value: false, origin: 'curation' }),
  };
  expect(undoOf('description', { fields })).toEqual([{ description: 'before' }]);
  expect(undoOf('deprecated', { fields })).toEqual([{ deprecated: false }]);
  expect(isCurated({ fields }, 'description')).toBe(true);
});

/** The rule of the server (docs/spec.md, section 13): what people added and removed after a change. */
function applied(part: { added: string[]; removed: string[] }, change: Annotation) {
  if (change.tags === null) return { added: [], removed: [] };
  const { add = [], remove = [] } = change.tags ?? {};
  return {
    added: [...new Set([...part.added, ...add])].filter((each) => !remove.includes(each)).sort(),
    removed: [...new Set([...part.removed, ...remove])].filter((each) => !add.includes(each)).sort(),
  };
}

test.each([
  [{ added: [], removed: [] }, { tags: { add: ['gold'] } }],
  [{ added: ['gold'], removed: [] }, { tags: { remove: ['gold'] } }],
  [{ added: ['gold'], removed: ['draft'] }, { tags: { add: ['draft', 'x'], remove: ['y'] } }],
  [{ added: [], removed: ['draft'] }, { tags: { add: ['draft'] } }],
])('undo of tags restores exactly what people had written: %j', (before, change) => {
  const known = before.added.length + before.removed.length > 0 ? { ...before } : {};
  const after = applied(before, change);
  const undone = undoOf('tags', { fields: { tags: claim({ value: [], ...known }) } }).reduce(applied, after);
  expect(undone).toEqual(before);
});
