import { useEffect } from 'react';
import { useWatermark } from './watermark';

const PAUSE_MS = 500;

/** The part of a query's result (TanStack Query) that says how old its answer is. */
interface DatedResult {
  readonly data?: { readonly watermark: number } | undefined;
  readonly dataUpdatedAt: number;
  readonly refetch: () => unknown;
}

/**
 * Asks again, at most twice a second, as long as the server has written more than the answer includes: parts of the server, such as
 * the index of search, may follow the graph a moment later.
 */
export function useRefetchOnNews({ data, dataUpdatedAt, refetch }: DatedResult, enabled: boolean): void {
  const { watermark } = useWatermark();
  const answered = data?.watermark;
  const isOld = enabled && watermark !== null && answered !== undefined && answered < watermark;
  useEffect(() => {
    if (!isOld) return;
    const timer = setTimeout(refetch, Math.max(0, dataUpdatedAt + PAUSE_MS - Date.now()));
    return () => clearTimeout(timer);
  }, [isOld, dataUpdatedAt, refetch]);
}
