import type { Measure } from './layout';

const FONT_SIZE = 12;
const MOST_KEPT = 20_000;

/** Returns how to measure texts in the font of the marks. Widths are kept: the same names are measured again and again. */
export function textMeasure(): Measure {
  const pen = document.createElement('canvas').getContext('2d');
  if (!pen) return (text) => text.length * FONT_SIZE * 0.55;
  pen.font = `${FONT_SIZE}px ${getComputedStyle(document.body).fontFamily}`;
  const kept = new Map<string, number>();
  return (text) => {
    const known = kept.get(text);
    if (known !== undefined) return known;
    const width = pen.measureText(text).width;
    if (kept.size > MOST_KEPT) kept.clear();
    kept.set(text, width);
    return width;
  };
}
