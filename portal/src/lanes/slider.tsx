import type { KeyboardEvent, PointerEvent } from 'react';
import { formatExactTime, formatTime } from '@/ui/format';
import { nearestMoment, stepped, type Timeline } from './moments';
import { count } from './nouns';

interface SliderProps {
  /** What the moment is: `Time`, or an end of a comparison. */
  readonly label?: string | undefined;
  readonly line: Timeline;
  /** The chosen moment; null is now. */
  readonly asOf: string | null;
  readonly onMove: (asOf: string | null) => void;
}

const STEPS: Record<string, 1 | -1> = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 };
const EDGE = 0.01;

/** The moments at which this closure changed. The picture shows the one where the thumb stands. */
export function Slider({ label, line, asOf, onMove }: SliderProps) {
  const step = (by: 1 | -1) => {
    const next = stepped(line, by);
    if (next !== undefined) onMove(next);
  };
  const name = asOf === null ? 'now' : formatTime(new Date(asOf));
  return (
    <fieldset className="time">
      <legend className="vh">{label ?? 'Time'}</legend>
      <button type="button" aria-label="Previous change" disabled={stepped(line, -1) === undefined} onClick={() => step(-1)}>
        [
      </button>
      <button type="button" aria-label="Next change" disabled={stepped(line, 1) === undefined} onClick={() => step(1)}>
        ]
      </button>
      <Track label={label} line={line} asOf={asOf} name={name} onMove={onMove} onStep={step} />
      <output title={asOf === null ? undefined : formatExactTime(new Date(asOf))}>
        {label === undefined ? (asOf === null ? 'Now' : name) : `${label} ${name}`}
      </output>
    </fieldset>
  );
}

interface TrackProps extends SliderProps {
  readonly name: string;
  readonly onStep: (by: 1 | -1) => void;
}

function Track({ label, line, asOf, name, onMove, onStep }: TrackProps) {
  const here = line.ticks[line.at]?.moment;
  const onPointerDown = (event: PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    onMove(nearestMoment(line, ((event.clientX - box.left) / box.width - EDGE) / (1 - 2 * EDGE)));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const by = STEPS[event.key];
    const end = event.key === 'Home' ? (line.ticks[0]?.moment.at ?? null) : event.key === 'End' ? null : undefined;
    if (by === undefined && end === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    if (by !== undefined) onStep(by);
    else if (end !== undefined) onMove(end);
  };
  return (
    <div
      className="tk"
      role="slider"
      tabIndex={0}
      aria-label={label ?? 'Moment'}
      aria-valuemin={0}
      aria-valuemax={Math.max(0, line.ticks.length - 1)}
      aria-valuenow={Math.max(0, line.at)}
      aria-valuetext={here && asOf !== null ? `${name}, ${changed(here)}` : name}
      onPointerDown={onPointerDown}
      onKeyDown={onKeyDown}
    >
      {line.ticks.map(({ moment, place }) => (
        <i
          key={moment.at}
          className={moment.stands_for > 1 ? 'many' : undefined}
          title={`${formatTime(new Date(moment.at))}: ${changed(moment)}`}
          style={{ left: percent(place) }}
        />
      ))}
      <b style={{ left: percent(thumbPlace(line, asOf)) }} />
    </div>
  );
}

const percent = (place: number): string => `${100 * (EDGE + (1 - 2 * EDGE) * place)}%`;

/** A moment between two ticks stands between them. */
function thumbPlace(line: Timeline, asOf: string | null): number {
  if (asOf === null) return 1;
  const first = Date.parse(line.ticks[0]?.moment.at ?? '');
  const last = Date.parse(line.ticks.at(-1)?.moment.at ?? '');
  const place = (Date.parse(asOf) - first) / (last - first);
  return Number.isFinite(place) ? Math.min(1, Math.max(0, place)) : 1;
}

function changed({ appeared, gone, stands_for: several }: { appeared: number; gone: number; stands_for: number }): string {
  const parts =
    [appeared > 0 && `${count(appeared)} came`, gone > 0 && `${count(gone)} went`].filter(Boolean).join(', ') || 'links changed';
  return several > 1 ? `${count(several)} moments in one tick: ${parts}` : parts;
}
