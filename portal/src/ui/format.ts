/** Numbers, times and names as the portal writes them. Pure; times are shown in the reader's zone. */
const counts = new Intl.NumberFormat('en-GB');
const MINUS = '\u2212';

/** 40,120; never 40k. */
export const formatCount = (value: number): string => (value < 0 ? `${MINUS}${counts.format(-value)}` : counts.format(value));

/** `1 asset`, `40,120 assets`. */
export const counted = (value: number, one: string, many = `${one}s`): string =>
  `${formatCount(value)} ${value === 1 ? one : many}`;

/** A share from 0 to 1 as `5 %`, `0.16 %`: two digits that count. */
export function formatShare(ratio: number): string {
  const percent = ratio * 100;
  const rounded = percent === 0 || percent >= 10 ? Math.round(percent) : Number(percent.toPrecision(2));
  return `${rounded} %`.replace('-', MINUS);
}

/** A difference with its sign: `+5,485`, `−0.0025`. */
export const formatDifference = (value: number, digits = 0): string => {
  const text = new Intl.NumberFormat('en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(
    Math.abs(value),
  );
  return value === 0 ? text : `${value < 0 ? MINUS : '+'}${text}`;
};

const UNITS: readonly [seconds: number, unit: string][] = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
  [1, 's'],
];

/** Seconds as `41 ms`, `12 min`, `3 d`. */
export function formatDuration(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  const [size, unit] = UNITS.find(([each]) => seconds >= each) ?? [1, 's'];
  return `${formatCount(Math.floor(seconds / size))} ${unit}`;
}

/** `15:52` today, `26 Nov, 17:00` this year, `26 Nov 2025` before. */
export function formatTime(at: Date, now = new Date()): string {
  const clock = at.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
  if (at.toDateString() === now.toDateString()) return clock;
  const day = at.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
  return at.getFullYear() === now.getFullYear() ? `${day}, ${clock}` : `${day} ${at.getFullYear()}`;
}

/** The whole time with seconds and zone. */
export const formatExactTime = (at: Date): string => at.toLocaleString('en-GB', { dateStyle: 'full', timeStyle: 'long' });

/** `12 min ago` under a day, else as `formatTime`. */
export function formatAgo(at: Date, now = new Date()): string {
  const seconds = (now.getTime() - at.getTime()) / 1000;
  if (seconds < 0 || seconds >= 86_400) return formatTime(at, now);
  return seconds < 60 ? 'just now' : `${formatDuration(seconds)} ago`;
}

/** `Today`, `Thursday, 26 Nov`: the heading of a day in a feed. */
export function formatDay(at: Date, now = new Date()): string {
  if (at.toDateString() === now.toDateString()) return 'Today';
  const year = at.getFullYear() === now.getFullYear() ? {} : { year: 'numeric' as const };
  return at
    .toLocaleDateString('en-GB', { weekday: 'long', day: 'numeric', month: 'short', ...year })
    .replace(/ (?=\d)/, ', ')
    .replace(',,', ',');
}

const SHORT = 12;
const LONGEST_TAIL = 18;

/** Head and tail of a name: in a narrow place the head gives way, because names differ at their end. */
export function splitName(name: string): { head: string; tail: string } {
  if (name.length < SHORT) return { head: name, tail: '' };
  const suffix = name.length - Math.max(name.lastIndexOf('/'), name.lastIndexOf('.'));
  const length = suffix > LONGEST_TAIL || suffix > name.length ? 8 : Math.max(suffix, 6);
  const letters = [...name]; // by code points: half of a surrogate pair is no character
  return { head: letters.slice(0, -length).join(''), tail: letters.slice(-length).join('') };
}

/** `model_version` as people read it: `model version`. */
export const kindWord = (kind: string): string => kind.replaceAll('_', ' ');

/** Kind, namespace and name of an mlg: URI, decoded; null if it is none. */
export function uriParts(uri: string): { kind: string; namespace: string; name: string } | null {
  const parts = /^mlg:\/\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(uri)?.slice(1);
  if (!parts) return null;
  try {
    const [kind = '', namespace = '', name = ''] = parts.map(decodeURIComponent);
    return { kind, namespace, name };
  } catch {
    return null;
  }
}

/** The name in a URI, or the URI itself. */
export const nameOfUri = (uri: string): string => uriParts(uri)?.name ?? uri;
