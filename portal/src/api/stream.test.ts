import { afterEach, expect, test, vi } from 'vitest';
import { followWatermark } from './stream';
import { setWatermark, useWatermark } from './watermark';

vi.mock('react', () => ({ useSyncExternalStore: (_subscribe: unknown, current: () => unknown) => current() }));

/** A stream that is open and sends one event, as the server does until the next write. */
class OpenStream extends EventTarget {
  static readonly OPEN = 1;
  static readonly CLOSED = 2;
  readonly readyState = OpenStream.OPEN;
  onerror: (() => void) | null = null;

  constructor() {
    super();
    setTimeout(() => this.dispatchEvent(new MessageEvent('watermark', { data: '{"watermark": 7, "lag_s": 0}' })), 10);
  }

  close(): void {}
}

afterEach(() => {
  vi.unstubAllGlobals();
  setWatermark('lost');
});

test.each([503, null])('the server is current again after a late refusal (%s)', async (status) => {
  let asked = 0;
  vi.stubGlobal('EventSource', OpenStream);
  vi.stubGlobal('document', { visibilityState: 'visible' });
  vi.stubGlobal('fetch', async () => {
    asked += 1;
    if (asked > 1) return Response.json({ watermark: 7, lag_s: 0 });
    await new Promise((resolve) => setTimeout(resolve, 100));
    if (status === null) throw new TypeError('Failed to fetch');
    return Response.json({ title: 'Service Unavailable', status, detail: 'the graph is being built' }, { status });
  });
  const stop = followWatermark();
  try {
    const states = () => useWatermark().state;
    await vi.waitFor(() => expect(states()).toBe('current'), { timeout: 500, interval: 5 });
    await vi.waitFor(() => expect(states()).toBe(status === null ? 'lost' : 'behind'), { timeout: 500, interval: 5 });
    await vi.waitFor(() => expect(states()).toBe('current'), { timeout: 3_000 });
  } finally {
    stop();
  }
});
