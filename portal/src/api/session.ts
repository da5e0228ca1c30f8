/** What the browser knows about its session: the token that confirms writes, and who is told when the server wants a sign-in. */
let csrfToken: string | null = null;
const listeners = new Set<() => void>();

export const CSRF_HEADER = 'x-csrf-token';

export function setCsrfToken(token: string | null): void {
  csrfToken = token;
}

/** Headers that every write carries. The cookie itself is HttpOnly: the browser adds it, no script reads it. */
export function writeHeaders(): Record<string, string> {
  return csrfToken === null ? {} : { [CSRF_HEADER]: csrfToken };
}

/** Calls `listener` whenever an answer was 401. Returns how to stop. */
export function onUnauthorized(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function reportUnauthorized(): void {
  for (const listener of listeners) listener();
}
