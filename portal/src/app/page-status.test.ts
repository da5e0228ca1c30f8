import { expect, test, vi } from 'vitest';
import { ApiError } from '@/api/problem';
import { statusOf } from './page-status';

const answered = (at = 1) => ({ data: {}, error: null, dataUpdatedAt: at, refetch: vi.fn() });
const waiting = () => ({ data: undefined, error: null, dataUpdatedAt: 0, refetch: vi.fn() });
const failed = (status: number, data?: object) => ({ ...waiting(), data, error: new ApiError(status, 'Problem', 'why') });
const watermark = (state: 'current' | 'behind' | 'lost') => ({ state, watermark: 7, lag_s: 9, reason: null });

test('the most serious state wins', () => {
  const states = [
    statusOf([answered()]),
    statusOf([answered()], { empty: true }),
    statusOf([answered(), waiting()], { empty: true }),
    statusOf([answered()], { empty: true }, watermark('behind')),
    statusOf([answered()], { cut: 'time' }, watermark('behind')),
    statusOf([answered()], { cut: 'time' }, watermark('lost')),
    statusOf([answered(), failed(500)]),
    statusOf([failed(401), waiting()]),
    statusOf([failed(403)]),
  ].map(({ state }) => state);
  expect(states).toEqual(['ready', 'empty', 'loading', 'stale', 'partial', 'error', 'error', 'forbidden', 'forbidden']);
});

test('an error leaves the last answer with its time, and asks again for what failed only', () => {
  const [good, bad] = [answered(5), { ...failed(500, {}), dataUpdatedAt: 3 }];
  const status = statusOf([good, bad]);
  expect(status).toMatchObject({ state: 'error', hasAnswer: true, answeredAt: 3 });
  status.retry();
  expect([good.refetch.mock.calls.length, bad.refetch.mock.calls.length]).toEqual([0, 1]);
});
