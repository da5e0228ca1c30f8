import type { Tally } from './picture';
import { SEVERITIES } from './scene';

const WIDTH = 100;
const HEIGHT = 8;
const NOTCHES = [0, 3, 6, 9, 12];

/** The severities in a fold: width is the share, height the level, notches at the end what is only possible. */
export function SeverityBar({ tally }: { tally: Tally }) {
  const all = Math.max(tally.count, 1);
  let x = 0;
  const parts = SEVERITIES.flatMap((severity, level) => {
    const width = (WIDTH * (tally.severities[severity] ?? 0)) / all;
    if (width === 0) return [];
    const y = (HEIGHT / 4) * level;
    const part = (
      <rect key={severity} className={`sev-${severity}`} x={x} y={y} width={width} height={HEIGHT - y} fill="currentColor" />
    );
    x += width;
    return [part];
  });
  const from = WIDTH - (WIDTH * tally.possible) / all;
  return (
    <svg className="bar" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      {parts}
      {tally.possible > 0 &&
        NOTCHES.filter((at) => from + at < WIDTH).map((at) => <path key={at} className="p" d={`M${from + at} 0v${HEIGHT}`} />)}
    </svg>
  );
}
