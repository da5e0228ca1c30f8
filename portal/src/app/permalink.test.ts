import { expect, test } from 'vitest';
import { pinnedSearch } from './permalink';

const at = new Date('2026-11-29T16:05:11.123Z');

test('a permalink fixes the moment and the write', () => {
  expect(pinnedSearch({}, 708, at)).toEqual({ as_of: '2026-11-29T16:05:11Z', at_least: '708' });
});

test('what is fixed already stays', () => {
  const now = { as_of: '2026-11-08T15:00:00Z', at_least: '3' };
  expect(pinnedSearch(now, 708, at)).toEqual(now);
});
