import { expect, test } from 'vitest';
import { nextWatermark } from './watermark';

const start = { state: 'unknown', watermark: null, lag_s: 0, reason: null } as const;

test('a lag that nobody notices is none', () => {
  expect(nextWatermark(start, { watermark: 7, lag_s: 1.4 })).toEqual({ state: 'current', watermark: 7, lag_s: 0, reason: null });
  expect(nextWatermark(start, { watermark: 7, lag_s: 2 })).toMatchObject({ state: 'behind', lag_s: 2 });
});

test('a server that is gone leaves what was known', () => {
  const known = nextWatermark(start, { watermark: 7, lag_s: 42 });
  expect(nextWatermark(known, 'lost')).toMatchObject({ state: 'lost', watermark: 7 });
  expect(nextWatermark(known, { unready: 'the server is still loading' })).toMatchObject({
    state: 'behind',
    watermark: 7,
    reason: 'the server is still loading',
  });
});
