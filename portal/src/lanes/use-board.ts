import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type RefObject, useCallback, useEffect, useRef, useState } from 'react';
import type { Query } from '@/api/query-string';
import { useHasPage } from '@/app/page-link';
import { folded, foldedRow } from './folding';
import type { ViewOptions } from './lanes-page';
import { stepped, type Timeline } from './moments';
import { type Move, moved, nearestOpen } from './navigation';
import type { Links } from './paths';
import { isEmptyPlace, isOpen, type Node, type Picture } from './picture';
import { sceneQueryOptions } from './scene-query';
import { useLanesKeys } from './use-lanes-keys';
import { cleared, type LanesPageName, rooted, type View } from './view';

export interface BoardState {
  readonly page: LanesPageName;
  readonly view: View;
  readonly picture: Picture;
  readonly links: Links;
  readonly line: Timeline;
  readonly query: Query;
  readonly onView: (view: View, options?: ViewOptions) => void;
}

/** The mark that `select` of the URL names: an id or a URI. */
export function selectedNode(picture: Picture, select: string | undefined): Node | null {
  if (select === undefined) return null;
  const found = picture.nodes.get(select);
  return found ?? [...picture.nodes.values()].find((node) => node.mark.asset?.uri === select) ?? null;
}

/** The mark that has, or would get, the focus, and how to move it. */
export function useMarkFocus(picture: Picture, selected: Node | null, board: RefObject<HTMLElement | null>) {
  const [focus, setFocus] = useState<string | null>(null);
  const [inGrid, setInGrid] = useState(false);
  const selectedId = selected?.id ?? null;
  useEffect(() => {
    if (selectedId !== null) setFocus(selectedId);
  }, [selectedId]);
  const moveTo = useCallback(
    (id: string | null) => {
      if (id === null) return;
      setFocus(id);
      board.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`)?.focus();
    },
    [board],
  );
  const node = focus === null ? undefined : picture.nodes.get(focus);
  const isThere = focus?.startsWith('row:') || (node !== undefined && !isEmptyPlace(node));
  const current = isThere ? focus : selectedId;
  useEffect(() => {
    // What had the focus has left the picture: the start takes it, so that the keyboard is not lost.
    if (inGrid && !isThere && picture.root) moveTo(picture.root.id);
  }, [inGrid, isThere, picture, moveTo]);
  return { current, tab: current ?? picture.root?.id ?? null, inGrid, setFocus, setInGrid, moveTo };
}

export type MarkFocus = ReturnType<typeof useMarkFocus>;

/** Returns a function that moves the focus to the mark of an asset as soon as it is selected and drawn. */
export function useFocusWhenSelected(selected: Node | null, focus: MarkFocus): (uri: string) => void {
  const asked = useRef<string | null>(null);
  useEffect(() => {
    if (selected === null || selected.mark.asset?.uri !== asked.current) return;
    asked.current = null;
    focus.moveTo(selected.id);
  });
  return useCallback((uri: string) => {
    asked.current = uri;
  }, []);
}

/** Opens the folds around the selected asset where it is in one. Returns what to say where it is nowhere in the picture. */
export function useReveal({ view, picture, query, onView }: BoardState, isCurrent: boolean): string | null {
  const client = useQueryClient();
  const [missing, setMissing] = useState<string | null>(null);
  const asked = useRef<string | null>(null);
  const { select } = view;
  const wanted = isCurrent && select !== undefined && selectedNode(picture, select) === null ? select : null;
  useEffect(() => {
    if (wanted === null || asked.current === wanted) return;
    asked.current = wanted;
    client
      .fetchQuery(sceneQueryOptions({ ...query, select: wanted }))
      .then(({ selected }) => {
        if (selected === null || selected.open.length === 0) setMissing(wanted);
        else
          onView(cleared({ ...view, open: [...(view.open ?? []), ...selected.open], select: selected.uri }), { replace: true });
      })
      .catch(() => setMissing(wanted));
  }, [wanted, client, query, view, onView]);
  useEffect(() => {
    if (select === undefined || wanted === null) asked.current = null;
  }, [select, wanted]);
  return missing !== null && missing === select ? 'What the address selects is not in this picture.' : null;
}

interface Controls {
  readonly focus: MarkFocus;
  readonly onOnly: () => void;
  readonly onList: () => void;
  readonly onFind: () => void;
  readonly onChange: (() => void) | undefined;
}

/** What a click on a mark or the opener of a row does. */
export function useChoose({ view, picture, onView }: BoardState, setFocus: (id: string) => void): (id: string) => void {
  return useCallback(
    (id: string) => {
      const node = picture.nodes.get(id);
      setFocus(id);
      if (id.startsWith('row:')) onView(foldedRow(view, Number(id.slice('row:'.length)), picture));
      else if (node?.mark.fold) onView(folded(view, node, picture, !isOpen(node)));
      else if (node?.mark.asset && node.mark.asset.uri !== view.select) onView({ ...view, select: node.mark.asset.uri });
    },
    [view, picture, onView, setFocus],
  );
}

/** Binds the keys of a picture to what they do now. */
export function useBoardKeys(state: BoardState, { focus, onOnly, onList, onFind, onChange }: Controls): void {
  const { view, picture, links, line, onView } = state;
  const navigate = useNavigate();
  const [hasAsset, hasPath] = [useHasPage('/asset'), useHasPage('/path')];
  const asset = focus.current === null ? undefined : picture.nodes.get(focus.current)?.mark.asset;
  const go = (to: string, search: Record<string, string | undefined>) => void navigate({ to, search: search as never });
  const root = picture.root;
  const ends =
    asset && root && (picture.nodes.get(focus.current ?? '')?.column ?? 0) < root.column
      ? [asset.uri, view.uri]
      : [view.uri, asset?.uri];
  useLanesKeys(
    {
      move: (move: Move) => focus.moveTo(moved(move, focus.current ?? root?.id ?? '', picture, links)),
      close: () => {
        const fold = focus.current === null ? null : nearestOpen(focus.current, picture);
        if (!fold) return;
        focus.moveTo(fold.id);
        onView(cleared({ ...folded(view, fold, picture, false), select: undefined }));
      },
      change: onChange,
      step: (by) => {
        const next = stepped(line, by);
        if (next !== undefined) onView(cleared({ ...view, as_of: next ?? undefined }));
      },
      only: onOnly,
      proof: asset && asset.uri !== view.uri && hasPath ? () => go('/path', { source: ends[0], target: ends[1] }) : undefined,
      list: onList,
      find: onFind,
      openPage: asset && hasAsset ? () => go('/asset', { uri: asset.uri }) : undefined,
      makeRoot: asset && asset.uri !== view.uri ? () => onView(rooted(view, asset.uri)) : undefined,
    },
    focus.inGrid,
  );
}
