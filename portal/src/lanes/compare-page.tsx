import { useMemo } from 'react';
import type { Query } from '@/api/query-string';
import { usePageStatus } from '@/app/page-status';
import { AsCommand, AsJson } from '@/ui/as-same';
import { Empty } from '@/ui/empty';
import { formatTime } from '@/ui/format';
import { KindIcon } from '@/ui/icon';
import { Page } from '@/ui/page';
import './lanes.css';
import './lanes-flow.css';
import { Board } from './board';
import { compared, type Difference, differenceOf } from './compared';
import type { ViewOptions } from './lanes-page';
import { timeline } from './moments';
import { count, nouns } from './nouns';
import { picture } from './picture';
import type { Scene } from './scene';
import { Slider } from './slider';
import { useScene } from './use-scene';
import { cleared, sceneQuery, type View } from './view';

interface ComparePageProps {
  /** `as_of` is the later moment; absent means now. */
  readonly view: View;
  /** The earlier moment; absent: the last but one at which the closure changed. */
  readonly from: string | undefined;
  readonly onView: (view: View, options?: ViewOptions) => void;
  readonly onFrom: (from: string | undefined) => void;
}

/** The page that shows a lineage at two moments in one picture. */
export function ComparePage({ view, from, onView, onFrom }: ComparePageProps) {
  const later = useScene(useMemo(() => sceneQuery('compare', view), [view]));
  const start = from ?? later.scene?.moments.at(-2)?.at ?? later.scene?.moments[0]?.at;
  const earlier = useScene(useMemo(() => earlierQuery(view, start), [view, start]));
  const status = usePageStatus(
    view.uri === undefined ? [] : [...later.results, ...(start === undefined ? [] : earlier.results)],
    {
      empty: view.uri === undefined,
    },
  );
  const both = useMemo(
    () => (earlier.scene && later.scene ? compared(earlier.scene, later.scene) : later.scene),
    [earlier.scene, later.scene],
  );
  const drawn = useMemo(() => (both ? picture(both, { past: true, compares: true }) : null), [both]);
  const isLoading = later.isLoading || earlier.isLoading;
  const title = both ? `${both.root.name} at two times` : 'Compare two times';
  return (
    <Page
      wide
      ownPast
      title={title}
      heading={both && <Heading scene={both} />}
      answer={
        earlier.scene && both && start && <Sentence difference={differenceOf(earlier.scene, both)} from={start} to={view.as_of} />
      }
      actions={
        view.uri !== undefined &&
        start !== undefined && <Same uri={view.uri} from={start} to={view.as_of ?? later.scene?.as_of} />
      }
      status={isLoading && status.hasAnswer && status.state !== 'error' ? { ...status, state: 'loading' } : status}
      total={both?.total}
      waitsFor="the answers of two moments"
    >
      {drawn && (
        <Board
          page="compare"
          view={view}
          picture={drawn}
          query={sceneQuery('compare', view)}
          isLoading={isLoading}
          isLate={later.isLate || earlier.isLate}
          newer={later.newer}
          times={
            <Times
              scene={drawn.scene}
              from={start}
              to={view.as_of}
              onFrom={onFrom}
              onTo={(as_of) => onView(cleared({ ...view, as_of }))}
            />
          }
          onView={onView}
        />
      )}
      {view.uri === undefined && (
        <div className="lh">
          <Empty>No asset is named. Find one with the search above, and open its lineage.</Empty>
        </div>
      )}
    </Page>
  );
}

function earlierQuery(view: View, from: string | undefined): Query {
  return from === undefined ? {} : sceneQuery('compare', { ...view, as_of: from });
}

function Heading({ scene }: { scene: Scene }) {
  return (
    <>
      <KindIcon kind={scene.root.kind} />
      <span className="lt">
        <bdi dir="auto">{scene.root.name}</bdi> <span className="t2">at two times, {scene.direction}</span>
      </span>
    </>
  );
}

function Sentence({ difference, from, to }: { difference: Difference; from: string; to: string | undefined }) {
  const { before, after, same, appeared, gone, folds, changedFolds } = difference;
  return (
    <span className="eq">
      <span>
        <b>{count(before)}</b> {nouns('asset', before)} on {formatTime(new Date(from))}, <b>{count(after)}</b>{' '}
        {to === undefined ? 'now' : `on ${formatTime(new Date(to))}`}: {count(appeared)} appeared, {count(gone)} gone,{' '}
        {count(same)} same
        {folds > 0 && ' on marks of their own'}
      </span>
      {folds > 0 && (
        <span className="t2">
          {count(changedFolds)} of {count(folds)} {nouns('fold', folds)} {folds === 1 ? 'holds' : 'hold'} another number
        </span>
      )}
    </span>
  );
}

function Same({ uri, from, to }: { uri: string; from: string; to: string | undefined }) {
  if (to === undefined) return null;
  return (
    <>
      <AsJson path="/diff" query={{ uri, from, to }} />
      <AsCommand words={['mlgraph', 'diff', uri, '--from', from, '--to', to]} />
    </>
  );
}

interface TimesProps {
  readonly scene: Scene;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly onFrom: (from: string | undefined) => void;
  readonly onTo: (to: string | undefined) => void;
}

function Times({ scene, from, to, onFrom, onTo }: TimesProps) {
  return (
    <>
      <Slider
        label="From"
        line={timeline(scene.moments, from ?? null)}
        asOf={from ?? null}
        onMove={(moment) => onFrom(moment ?? scene.moments.at(-1)?.at)}
      />
      <Slider
        label="To"
        line={timeline(scene.moments, to ?? null)}
        asOf={to ?? null}
        onMove={(moment) => onTo(moment ?? undefined)}
      />
      <p className="t3 xs tline">
        What appeared has a coloured border; what is gone is crossed out. A fold whose number changed shows both.
      </p>
    </>
  );
}
