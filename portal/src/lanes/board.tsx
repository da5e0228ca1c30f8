import { type FocusEvent, type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Query } from '@/api/query-string';
import { ColumnSelect } from './column-select';
import { Controls } from './controls';
import { FindDialog } from './find-dialog';
import { Foot } from './foot';
import { Grid } from './grid';
import type { ViewOptions } from './lanes-page';
import { layout } from './layout';
import { timeline } from './moments';
import { count } from './nouns';
import { owners } from './owners';
import { linksByMark } from './paths';
import type { Picture } from './picture';
import { Side } from './side';
import { Slider } from './slider';
import { textMeasure } from './text-width';
import { TimeLine } from './time-line';
import {
  type BoardState,
  selectedNode,
  useBoardKeys,
  useChoose,
  useFocusWhenSelected,
  useMarkFocus,
  useReveal,
} from './use-board';
import { useListed } from './use-listed';
import { usePrefetch, usePrefetchedChanges, usePrefetchedMoments } from './use-prefetch';
import { useRoom } from './use-room';
import { useWay } from './use-way';
import { changeOf, cleared, type LanesPageName, rooted, type View } from './view';

interface BoardProps {
  readonly page: LanesPageName;
  readonly view: View;
  readonly picture: Picture;
  readonly query: Query;
  /** The next answer is asked for. */
  readonly isLoading: boolean;
  readonly isLate: boolean;
  /** Stands in the place of the slider. */
  readonly times?: ReactNode;
  /** Shows a newer answer, where there is one. */
  readonly newer: (() => void) | null;
  readonly onView: (view: View, options?: ViewOptions) => void;
}

/** The controls, the slider, the picture, and what stands beside and below it. */
export function Board({ page, view, picture, query, isLoading, isLate, times, newer, onView }: BoardProps) {
  const { scene } = picture;
  const wrap = useRef<HTMLDivElement>(null);
  const head = useRef<HTMLDivElement>(null);
  const { room, phone } = useRoom(wrap);
  const measure = useMemo(() => textMeasure(), []);
  const placed = useMemo(() => layout(picture, room, measure), [picture, room, measure]);
  const lines = useMemo(() => owners(picture), [picture]);
  const links = useMemo(() => linksByMark(scene.links), [scene]);
  const line = useMemo(() => timeline(scene.moments, view.as_of ?? null), [scene, view.as_of]);
  const state: BoardState = { page, view, picture, links, line, query, onView };
  const selected = selectedNode(picture, view.select);
  const focus = useMarkFocus(picture, selected, wrap);
  const focusWhenSelected = useFocusWhenSelected(selected, focus);
  const lit = useWay(focus.current, picture, links, query);
  const missing = useReveal(state, !isLoading);
  const choose = useChoose(state, focus.setFocus);
  const prefetch = usePrefetch(page, view, picture);
  useEffect(() => prefetch(focus.current), [prefetch, focus.current]);
  const prefetchChanges = usePrefetchedChanges(page, view);
  usePrefetchedMoments(page, view, line, isLoading);
  const [only, setOnly] = useState(false);
  const [listed, toggleList] = useListed(picture);
  const [finding, setFinding] = useState(false);
  const change = (next: Partial<View>) => onView(cleared({ ...view, ...next }));
  useBoardKeys(state, {
    focus,
    onOnly: () => setOnly((now) => !now),
    onList: toggleList,
    onFind: () => setFinding(true),
    onChange:
      page === 'impact' ? () => head.current?.querySelector<HTMLElement>('[role=radio][tabindex="0"]')?.focus() : undefined,
  });
  const onBlur = useCallback(
    (event: FocusEvent) => {
      if (!event.currentTarget.contains(event.relatedTarget)) focus.setInGrid(false);
    },
    [focus.setInGrid],
  );
  return (
    <>
      <div className="lh" ref={head}>
        <Controls
          page={page}
          change={changeOf(page, view)}
          direction={scene.direction}
          certain={view.certain ?? false}
          by={scene.by}
          listed={listed}
          onView={change}
          onNear={prefetchChanges}
          onFind={() => setFinding(true)}
          onList={toggleList}
        >
          {page !== 'compare' && (
            <ColumnSelect uri={scene.root.uri} asOf={view.as_of} onChoose={(uri) => onView(rooted(view, uri))} />
          )}
        </Controls>
        {times ?? (
          <>
            <Slider line={line} asOf={view.as_of ?? null} onMove={(asOf) => change({ as_of: asOf ?? undefined })} />
            <TimeLine
              line={line}
              asOf={view.as_of ?? null}
              comparison={page === 'lineage' ? { uri: view.uri, from: view.as_of, direction: view.direction, by: view.by } : null}
              isLate={isLate}
              newer={newer}
              onNow={() => change({ as_of: undefined })}
            />
          </>
        )}
      </div>
      <div className={listed ? 'lb' : 'lb no-side'}>
        <div className="lmain">
          {/* biome-ignore lint/a11y/noStaticElementInteractions: it only learns whether a mark has the focus */}
          <div className="lw" ref={wrap} onFocus={() => focus.setInGrid(true)} onBlur={onBlur}>
            {room > 0 && (
              <Grid
                picture={picture}
                layout={placed}
                measure={measure}
                lines={lines}
                phone={phone}
                focus={focus.current}
                tab={focus.tab}
                selected={selected?.id ?? null}
                litMarks={lit.marks}
                litLinks={lit.links}
                only={only && lit.way.length > 1}
                busy={isLoading}
                onFocus={focus.setFocus}
                onPoint={prefetch}
                onChoose={choose}
              />
            )}
          </div>
          <Foot
            picture={picture}
            node={picture.nodes.get(focus.current ?? '') ?? null}
            way={lit.way}
            message={messageOf(picture, missing)}
          />
        </div>
        {listed && <Side picture={picture} lines={lines} />}
      </div>
      <FindDialog
        picture={picture}
        open={finding}
        onClose={() => setFinding(false)}
        onChoose={(uri) => {
          focusWhenSelected(uri);
          change({ select: uri });
        }}
      />
    </>
  );
}

/** What the picture has to say in the place of the focused mark. */
function messageOf(picture: Picture, missing: string | null): string | null {
  const full = picture.scene.ignored.some((each) => each.reason === 'no_room');
  if (full) return `${count(picture.scene.marks.length)} marks are drawn. Close a fold before you open this one.`;
  return missing;
}
