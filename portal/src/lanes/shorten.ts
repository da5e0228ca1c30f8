import type { Measure } from './layout';

/** A name in two parts: CSS shortens the head to `width` pixels, the tail stays whole. The full text is in the page. */
export interface Shortened {
  head: string;
  tail: string;
  /** Width of the head in pixels; null if the whole name fits, 0 if the head gives way altogether. */
  width: number | null;
}

/** A longer tail than this is no file extension or version. */
const LONGEST_SUFFIX = 8;
const LONGEST_MEASURED = 400;

/** Returns where to cut a name that is wider than `room`: its folder gives way first, then its middle. */
export function shorten(name: string, room: number, measure: Measure): Shortened {
  if (name.length < LONGEST_MEASURED && measure(name) <= room) return { head: name, tail: '', width: null };
  const folder = name.lastIndexOf('/') + 1;
  const base = name.slice(folder);
  if (folder > 0 && base.length > 5 && base.length < LONGEST_MEASURED && measure(`…${base}`) <= room)
    return split(name, folder, room, measure);
  let cut = suffixStart(name);
  if (cut < 0) {
    cut = Math.max(1, name.length - 3);
    while (cut > 1 && measure(name.slice(cut - 1)) < room / 2) cut -= 1;
  }
  while (cut < name.length - 1 && measure(`${name.slice(0, 2)}…${name.slice(cut)}`) > room) cut += 1;
  return split(name, cut, room, measure);
}

function suffixStart(name: string): number {
  const dot = name.lastIndexOf('.');
  return dot > 0 && name.length - dot < LONGEST_SUFFIX ? dot : -1;
}

function split(name: string, cut: number, room: number, measure: Measure): Shortened {
  const tail = name.slice(cut);
  let kept = 0;
  while (kept < cut && measure(`${name.slice(0, kept + 1)}…${tail}`) <= room) kept += 1;
  const width = kept < 2 ? 0 : Math.ceil(measure(`${name.slice(0, kept)}…`)) + 1;
  return { head: name.slice(0, cut), tail, width };
}
