import { expect, test } from 'vitest';
import { MOST_CHARACTERS, payloadOf, summaryOf } from './payload';

test('text stays as it came, all else is indented', () => {
  expect(payloadOf('<b>no json')).toEqual({ text: '<b>no json', left: 0 });
  expect(payloadOf({ a: [1] }).text).toBe('{\n  "a": [\n    1\n  ]\n}');
  expect(payloadOf(null).text).toBe('null');
  expect(payloadOf(undefined).text).toBe('');
});

test('what a long payload leaves out is counted', () => {
  const { text, left } = payloadOf('x'.repeat(MOST_CHARACTERS + 7));
  expect(text.length + left).toBe(MOST_CHARACTERS + 7);
  expect(left).toBe(7);
});

test('the answer says how many wait and how many are listed', () => {
  expect(summaryOf(0, 0)).toBe('No dead letter waits.');
  expect(summaryOf(1, 1)).toBe('1 dead letter waits, oldest first.');
  expect(summaryOf(1200, 100)).toBe('1,200 dead letters wait, 100 listed, oldest first.');
});
