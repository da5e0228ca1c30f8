import { expect, test } from 'vitest';
import { ApiError, asApiError, errorOf } from './problem';

test('a problem is read with its details', async () => {
  const body = { type: 'urn:mlgraph:problem:invalid-input', title: 'Invalid input', detail: 'no', pointer: '/a' };
  const error = await errorOf(new Response(JSON.stringify(body), { status: 503, headers: { 'retry-after': '2' } }));
  expect(error).toMatchObject({ status: 503, title: 'Invalid input', detail: 'no', pointer: '/a', retryAfter: 2 });
});

test("a proxy's page is no problem document, and fails nothing", async () => {
  const error = await errorOf(new Response('<h1>Bad gateway</h1>', { status: 502, statusText: 'Bad Gateway' }));
  expect(error).toMatchObject({ status: 502, title: 'Bad Gateway', detail: '', retryAfter: undefined });
  expect(await errorOf(new Response('[1]', { status: 500 }))).toMatchObject({ title: 'HTTP 500' });
});

test('a fault of our own is told from an answer', () => {
  const answer = new ApiError(404, 'Unknown asset', '');
  expect(asApiError(answer)).toBe(answer);
  expect(asApiError(new TypeError('x is undefined'))).toMatchObject({ status: -1, detail: 'x is undefined' });
});
