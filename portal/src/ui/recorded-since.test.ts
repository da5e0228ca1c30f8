import { expect, test } from 'vitest';
import { recordedText } from './recorded-since';

test('the number of facts is a sentence, and none is no news', () => {
  expect(recordedText({ total: 0, total_is: 'exact' })).toBeNull();
  expect(recordedText({ total: 1, total_is: 'exact' })).toBe('1 fact about this time was recorded since this link was made.');
  expect(recordedText({ total: 1234, total_is: 'exact' })).toMatch(/^1,234 facts about this time were recorded since/);
});

test('what was not counted to its end says so', () => {
  expect(recordedText({ total: 9, total_is: 'at_least' })).toMatch(/^At least 9 facts about this time/);
  expect(recordedText({ total: 0, total_is: 'at_least' })).toMatch(/not all of it was looked through/);
});
