import { useSyncExternalStore } from 'react';

/** How current the answers of the server are. `lost`: it does not answer; `since` is when that was noticed. */
export interface Watermark {
  readonly state: 'unknown' | 'current' | 'behind' | 'lost';
  readonly watermark: number | null;
  /** Seconds by which the graph lags behind what the server accepted. */
  readonly lag_s: number;
  readonly since: number;
}

/** A lag that nobody would notice is none. */
export const BEHIND_S = 2;

let current: Watermark = { state: 'unknown', watermark: null, lag_s: 0, since: Date.now() };
const listeners = new Set<() => void>();

export function setWatermark(next: { watermark: number; lag_s: number } | 'lost'): void {
  const told: Omit<Watermark, 'since'> =
    next === 'lost'
      ? { ...current, state: 'lost' }
      : next.lag_s >= BEHIND_S
        ? { ...next, state: 'behind' }
        : { watermark: next.watermark, lag_s: 0, state: 'current' };
  const same = told.state === current.state;
  if (same && told.watermark === current.watermark && told.lag_s === current.lag_s) return;
  current = { ...told, since: same ? current.since : Date.now() };
  for (const listener of listeners) listener();
}

export const getWatermark = (): Watermark => current;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useWatermark = (): Watermark => useSyncExternalStore(subscribe, getWatermark);
