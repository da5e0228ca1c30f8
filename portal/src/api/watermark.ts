import { useSyncExternalStore } from 'react';

/** How current the answers of the server are. `lost`: it does not answer. */
export interface Watermark {
  readonly state: 'unknown' | 'current' | 'behind' | 'lost';
  /** The write that the last answers include. */
  readonly watermark: number | null;
  /** Seconds by which the graph lags behind what the server accepted; 0 where that is not noticeable or not known. */
  readonly lag_s: number;
  /** Why the server is not ready, in its own words. */
  readonly reason: string | null;
}

export type WatermarkUpdate = { readonly watermark: number; readonly lag_s: number } | { readonly unready: string } | 'lost';

/** A lag that nobody would notice is none. */
export const BEHIND_S = 2;

const START: Watermark = { state: 'unknown', watermark: null, lag_s: 0, reason: null };
let current = START;
const listeners = new Set<() => void>();

export function nextWatermark(before: Watermark, update: WatermarkUpdate): Watermark {
  if (update === 'lost') return { ...before, state: 'lost', reason: null };
  if ('unready' in update) return { ...before, state: 'behind', lag_s: 0, reason: update.unready };
  const behind = update.lag_s >= BEHIND_S;
  return { state: behind ? 'behind' : 'current', watermark: update.watermark, lag_s: behind ? update.lag_s : 0, reason: null };
}

export function setWatermark(update: WatermarkUpdate): void {
  const next = nextWatermark(current, update);
  const keys = Object.keys(next) as (keyof Watermark)[];
  if (keys.every((key) => next[key] === current[key])) return;
  current = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useWatermark = (): Watermark => useSyncExternalStore(subscribe, () => current);
