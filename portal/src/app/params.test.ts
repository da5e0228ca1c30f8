import { expect, test } from 'vitest';
import { choice, flag, list, moment, ParameterError, present, text, whole } from './params';

test('a parameter that is there more than once has its last value, or all of them', () => {
  const raw = { q: ['a', 'b'], kind: 'model', none: '' };
  expect(text(raw, 'q')).toBe('b');
  expect(list(raw, 'q')).toEqual(['a', 'b']);
  expect(list(raw, 'kind')).toEqual(['model']);
  expect([text(raw, 'none'), list(raw, 'none'), text(raw, 'missing')]).toEqual([undefined, undefined, undefined]);
});

test('a value without meaning is refused with what is allowed', () => {
  const directions = ['upstream', 'downstream'] as const;
  expect(choice({ direction: 'upstream' }, 'direction', directions)).toBe('upstream');
  expect(() => choice({ direction: 'sideways' }, 'direction', directions)).toThrow(
    new ParameterError("direction is 'sideways'. It is one of upstream, downstream."),
  );
  expect([flag({ certain: 'true' }, 'certain'), flag({ certain: 'false' }, 'certain')]).toEqual([true, undefined]);
  expect(() => flag({ certain: 'yes' }, 'certain')).toThrow(ParameterError);
  expect(whole({ limit: '20' }, 'limit')).toBe(20);
  expect(() => whole({ limit: '-1' }, 'limit')).toThrow(ParameterError);
});

test('a moment has a zone', () => {
  expect(moment({ as_of: '2026-11-08T15:00:00+01:00' }, 'as_of')).toBe('2026-11-08T15:00:00+01:00');
  for (const wrong of ['2026-11-08T15:00:00', 'yesterday', '2026-13-08T15:00:00Z']) {
    expect(() => moment({ as_of: wrong }, 'as_of')).toThrow(ParameterError);
  }
});

test('what is undefined does not stand in an address', () => {
  expect(Object.keys(present({ a: 1, b: undefined }))).toEqual(['a']);
});
