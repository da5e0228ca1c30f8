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
  const alone = useScene(useMemo(() => (from === undefined ? sceneQuery('compare', view) : {}), [view, from]));
  const start = from ?? alone.scene?.moments.at(-2)?.at ?? alone.scene?.moments[0]?.at;
  const shown = useMemo(() => (start === undefined ? view : { ...view, from: start }), [view, start]);
  const query = useMemo(() => sceneQuery('compare', shown), [shown]);
  const compared = useScene(start === undefined ? NOTHING : query);
  const status = usePageStatus(
    view.uri === undefined
      ? []
      : [...(from === undefined ? alone.results : []), ...(start === undefined ? [] : compared.results)],
    {
      empty: view.uri === undefined,
    },
  );
  const both = compared.scene ?? alone.scene;
  const drawn = useMemo(() => (both ? picture(both, { past: true, compares: both.compared !== null }) : null), [both]);
  const isLoading = alone.isLoading || compared.isLoading;
  const title = both ? `${both.root.name} at two times` : 'Compare two times';
  return (
    <Page
      wide
      ownPast
      title={title}
      heading={both && <Heading scene={both} />}
      answer={both?.compared && <Sentence difference={both.compared} after={both.total} to={view.as_of} />}
      actions={
        view.uri !== undefined && start !== undefined && <Same uri={view.uri} from={start} to={view.as_of ?? both?.as_of} />
      }
      status={isLoading && status.hasAnswer && status.state !== 'error' ? { ...status, state: 'loading' } : status}
      total={both?.total}
      waitsFor="the answers of two moments"
    >
      {drawn && (
        <Board
          page="compare"
          view={shown}
          picture={drawn}
          query={query}
          isLoading={isLoading}
          isLate={alone.isLate || compared.isLate}
          newer={compared.newer}
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

const NOTHING: Query = {};

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

interface SentenceProps {
  readonly difference: NonNullable<Scene['compared']>;
  readonly after: number;
  readonly to: string | undefined;
}

function Sentence({ difference, after, to }: SentenceProps) {
  const { from, total, same, appeared, gone } = difference;
  return (
    <span className="eq">
      <span>
        <b>{count(total)}</b> {nouns('asset', total)} on {formatTime(new Date(from))}, <b>{count(after)}</b>{' '}
        {to === undefined ? 'now' : `on ${formatTime(new Date(to))}`}: {count(appeared)} appeared, {count(gone)} gone,{' '}
        {count(same)} same
      </span>
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
        + appeared, − gone (crossed out), = the same. A fold says how many of each; open it to see which.
      </p>
    </>
  );
}
