import { useSyncExternalStore } from 'react';
import type { CallerSession } from './generated';

export interface SignIn {
  /** Who this browser is for the server; null until it has answered. */
  readonly session: CallerSession | null;
  /** An answer was 401, or the server said that it wants a token. */
  readonly wanted: boolean;
}

export const CSRF_HEADER = 'x-csrf-token';

let current: SignIn = { session: null, wanted: false };
const listeners = new Set<() => void>();

function change(next: SignIn): void {
  current = next;
  for (const listener of listeners) listener();
}

/** Headers that every write carries. The cookie itself is HttpOnly: the browser adds it, no script reads it. */
export function writeHeaders(): Record<string, string> {
  const token = current.session?.csrf_token;
  return token ? { [CSRF_HEADER]: token } : {};
}

export function setSession(session: CallerSession): void {
  change({ session, wanted: current.wanted || (session.by === null && session.sign_in === 'required') });
}

/** Notes that an answer was 401: the frame asks for a token. */
export function reportUnauthorized(): void {
  if (!current.wanted) change({ ...current, wanted: true });
}

/** The reader goes on without a token; the next 401 asks again. */
export function dismissSignIn(): void {
  change({ ...current, wanted: false });
}

export function askSignIn(): void {
  change({ ...current, wanted: true });
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useSignIn = (): SignIn => useSyncExternalStore(subscribe, () => current);
