import { useSyncExternalStore } from 'react';

/** How current the answers of the server are. `lost`: it does not answer. */
export interface Watermark {
  readonly state: 'unknown' | 'current' | 'behind' | 'lost';
  /** The write up to which the last answer told of everything. */
  readonly watermark: number | null;
  /** Seconds by which the graph lags behind what the server accepted; 0 where that is not noticeable or not known. */
  readonly lag_s: number;
  /** Why the server is not ready, in its own words. */
  readonly reason: string | null;
}

export type Told = { readonly watermark: number; readonly lag_s: number } | { readonly unready: string } | 'lost';

/** A lag that nobody would notice is none. */
export const BEHIND_S = 2;

const START: Watermark = { state: 'unknown', watermark: null, lag_s: 0, reason: null };
let current = START;
const listeners = new Set<() => void>();

export function nextWatermark(before: Watermark, told: Told): Watermark {
  if (told === 'lost') return { ...before, state: 'lost', reason: null };
  if ('unready' in told) return { ...before, state: 'behind', lag_s: 0, reason: told.unready };
  const behind = told.lag_s >= BEHIND_S;
  return { state: behind ? 'behind' : 'current', watermark: told.watermark, lag_s: behind ? told.lag_s : 0, reason: null };
}

export function setWatermark(told: Told): void {
  const next = nextWatermark(current, told);
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
