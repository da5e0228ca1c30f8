import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef } from 'react';
import { folded } from './folding';
import { isOpen, type Picture } from './picture';
import { sceneQueryOptions } from './scene-query';
import { type LanesPageName, sceneQuery, type View } from './view';

/** Whoever stays on a fold for so long may open it next. */
const STAYS_MS = 60;

/**
 * Asks for the answer with a fold opened (or closed) as soon as someone stays on it, so that it is here when they open it.
 * Returns what to call with the id of the mark that the focus or the pointer is on.
 */
export function usePrefetch(page: LanesPageName, view: View, picture: Picture): (id: string | null) => void {
  const client = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return useCallback(
    (id: string | null) => {
      clearTimeout(timer.current);
      const node = id === null ? undefined : picture.nodes.get(id);
      if (!node?.mark.fold) return;
      const next = sceneQuery(page, folded(view, node, picture, !isOpen(node)));
      timer.current = setTimeout(() => void client.prefetchQuery(sceneQueryOptions(next)), STAYS_MS);
    },
    [client, page, view, picture],
  );
}
