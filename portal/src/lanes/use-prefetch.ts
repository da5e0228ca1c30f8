import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef } from 'react';
import { folded } from './folding';
import { stepped, type Timeline } from './moments';
import { isOpen, type Picture } from './picture';
import { sceneQueryOptions } from './scene-query';
import { type Change, cleared, type LanesPageName, sceneQuery, type View } from './view';

/** Whoever stays on a fold for so long may open it next. */
const STAYS_MS = 60;
/** Whoever looks at the present for so long may look at the past next. */
const LOOKS_MS = 1000;

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

/**
 * Asks for the answers to kinds of change that may be chosen next, one after the other, as soon as someone stays at the selector.
 * Returns what to call with them.
 */
export function usePrefetchedChanges(page: LanesPageName, view: View): (changes: readonly (Change | undefined)[]) => void {
  const client = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return useCallback(
    (changes) => {
      clearTimeout(timer.current);
      const fetch = async () => {
        for (const change of changes)
          await client.prefetchQuery(sceneQueryOptions(sceneQuery(page, cleared({ ...view, change }))));
      };
      timer.current = setTimeout(() => void fetch(), STAYS_MS);
    },
    [client, page, view],
  );
}

/** Asks for the answers at the moments beside the one that is shown, the earlier one first. */
export function usePrefetchedMoments(page: LanesPageName, view: View, line: Timeline, isLoading: boolean): void {
  const client = useQueryClient();
  useEffect(() => {
    if (isLoading) return;
    const fetch = async (by: 1 | -1) => {
      const next = stepped(line, by);
      if (next !== undefined)
        await client.prefetchQuery(sceneQueryOptions(sceneQuery(page, cleared({ ...view, as_of: next ?? undefined }))));
    };
    const timer = setTimeout(() => void fetch(-1).then(() => fetch(1)), line.past ? STAYS_MS : LOOKS_MS);
    return () => clearTimeout(timer);
  }, [client, page, view, line, isLoading]);
}
