import { getAs } from './client';
import { setWatermark } from './watermark';

interface Ready {
  readonly watermark: number;
  readonly lag_s: number;
}

const POLL_MS = 1_000;

/** Keeps the watermark current, until the returned function is called. */
export function followWatermark(): () => void {
  const stop = new AbortController();
  const ask = async () => {
    try {
      setWatermark(await getAs<Ready>('/readyz', {}, { signal: stop.signal }));
    } catch {
      if (!stop.signal.aborted) setWatermark('lost');
    }
  };
  const timer = setInterval(ask, POLL_MS);
  void ask();
  return () => {
    clearInterval(timer);
    stop.abort();
  };
}
