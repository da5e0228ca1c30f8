import { useEffect, useRef } from 'react';
import { useWatermark } from './watermark';

const LEAST_PAUSE_MS = 500;

/** Calls `refetch` when the server has something new, at most twice a second, as long as `enabled`. */
export function useRefetchOnNews(refetch: () => unknown, enabled: boolean): void {
  const { watermark } = useWatermark();
  const last = useRef({ watermark, at: 0 });
  useEffect(() => {
    if (!enabled || watermark === null || watermark === last.current.watermark) return;
    const pause = Math.max(0, last.current.at + LEAST_PAUSE_MS - Date.now());
    const timer = setTimeout(() => {
      last.current = { watermark, at: Date.now() };
      refetch();
    }, pause);
    return () => clearTimeout(timer);
  }, [watermark, refetch, enabled]);
}
