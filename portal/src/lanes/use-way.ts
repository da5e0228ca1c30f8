import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import type { Query } from '@/api/query-string';
import { type Links, linksOf, wayTo } from './paths';
import type { Picture } from './picture';
import { sceneQueryOptions } from './scene-query';

/** A focus that moves on within this time asks the server for no path. */
const SETTLED_MS = 80;

export interface Lit {
  readonly way: readonly string[];
  readonly marks: ReadonlySet<string>;
  readonly links: ReadonlySet<string>;
}

const NOTHING: readonly string[] = [];

/**
 * The shortest path from the root to a mark. Where drawn links alone do not tell, because they lead through folds, the server
 * is asked; until it answers, nothing is lit that may be wrong.
 */
export function useWay(id: string | null, picture: Picture, links: Links, query: Query): Lit {
  const found = useMemo(() => (id === null ? null : wayTo(id, picture, links)), [id, picture, links]);
  const settled = useSettled(id);
  const asks = found !== null && !found.exact && settled === id;
  const { data } = useQuery({
    ...sceneQueryOptions({ ...query, select: settled }),
    placeholderData: undefined as never,
    enabled: asks,
  });
  const told = asks ? data?.path : undefined;
  const way = found?.exact ? found.marks : (told ?? NOTHING);
  return useMemo(() => ({ way, marks: new Set(way), links: linksOf(way) }), [way]);
}

function useSettled(id: string | null): string | null {
  const [settled, setSettled] = useState(id);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(id), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [id]);
  return settled;
}
