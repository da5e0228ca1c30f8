import type { ReactNode } from 'react';

/** What a list without entries says: why it is empty, and what fills it. */
export function Empty({ children }: { children: ReactNode }) {
  return <p className="t2 empty-line">{children}</p>;
}
