import { PageLink, useHasPage } from '@/app/page-link';
import { formatTime } from '@/ui/format';
import type { Timeline } from './moments';
import { count } from './nouns';

interface TimeLineProps {
  readonly line: Timeline;
  readonly asOf: string | null;
  /** The parameters of the comparison of the moment with now; null where there is none. */
  readonly comparison: Readonly<Record<string, string | undefined>> | null;
  readonly isLate: boolean;
  /** Shows a newer answer, where there is one. */
  readonly newer: (() => void) | null;
  readonly onNow: () => void;
}

/** One line of constant height below the slider: which moment is shown, and whether there is a newer answer. */
export function TimeLine({ line, asOf, comparison, isLate, newer, onNow }: TimeLineProps) {
  return (
    <div className={asOf === null ? 'tline' : 'tline past'} role="status">
      {asOf === null ? <Now line={line} /> : <Past asOf={asOf} />}
      {isLate && <span className="t3">Waiting for the next answer.</span>}
      {asOf !== null && (
        <button className="btn" type="button" onClick={onNow}>
          Back to now
        </button>
      )}
      {asOf !== null && comparison && <CompareLink search={comparison} />}
      {newer && (
        <button className="btn" type="button" onClick={newer}>
          Newer answer: show it
        </button>
      )}
    </div>
  );
}

function CompareLink({ search }: { search: Readonly<Record<string, string | undefined>> }) {
  return useHasPage('/compare') ? (
    <PageLink page="/compare" search={{ ...search, as_of: undefined }} className="btn ph">
      Compare with now
    </PageLink>
  ) : null;
}

function Past({ asOf }: { asOf: string }) {
  return (
    <span>
      <span className="b">You look at {formatTime(new Date(asOf))}.</span>{' '}
      <span className="ph">Nothing here is newer. Assets that came at this moment have a coloured border.</span>
    </span>
  );
}

function Now({ line }: { line: Timeline }) {
  const moments = line.ticks.reduce((sum, tick) => sum + tick.moment.stands_for, 0);
  const last = line.ticks.at(-1);
  if (!last) return <span className="t3">It never changed.</span>;
  return (
    <span className="t3">
      It changed at {moments === 1 ? '1 moment' : `${count(moments)} moments`}, the last time{' '}
      {formatTime(new Date(last.moment.at))}.
    </span>
  );
}
