import type { Moment } from './scene';

/** The slider: the moments at which this closure changed, and where the answer stands among them. */
export interface Timeline {
  ticks: { moment: Moment /** 0 to 1 */; place: number }[];
  /** The tick that holds at the answer's moment: the last that is not after it; -1 before the first. */
  at: number;
  /** The answer is of a moment that someone chose, not of now. */
  past: boolean;
}

/** Returns the slider of an answer; `asOf` is the chosen moment, null for now. */
export function timeline(moments: readonly Moment[], asOf: string | null): Timeline {
  const times = moments.map((moment) => Date.parse(moment.at));
  const first = times[0] ?? 0;
  const span = (times.at(-1) ?? 0) - first || 1;
  const ticks = moments.map((moment, index) => ({ moment, place: ((times[index] ?? first) - first) / span }));
  if (asOf === null) return { ticks, at: moments.length - 1, past: false };
  const now = Date.parse(asOf);
  return { ticks, at: times.filter((time) => time <= now).length - 1, past: true };
}

/** The moment one step earlier or later; null is now, undefined if there is none that way. */
export function stepped(line: Timeline, by: 1 | -1): string | null | undefined {
  if (by > 0) {
    if (!line.past) return undefined;
    return line.at + 1 >= line.ticks.length - 1 ? null : line.ticks[line.at + 1]?.moment.at;
  }
  return line.ticks[line.at - 1]?.moment.at;
}

/** The tick nearest to a place between 0 and 1; the last one is now, which is null. */
export function nearestMoment(line: Timeline, place: number): string | null {
  let best = line.ticks.length - 1;
  for (const [index, tick] of line.ticks.entries())
    if (Math.abs(tick.place - place) < Math.abs((line.ticks[best]?.place ?? 1) - place)) best = index;
  return best === line.ticks.length - 1 ? null : (line.ticks[best]?.moment.at ?? null);
}
