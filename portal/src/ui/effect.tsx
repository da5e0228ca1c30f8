import type { ReactNode } from 'react';

/** One outline each, told apart without colour. Health and verdicts use the same family. */
const SHAPES = {
  breaks_now: (
    <>
      <path d="M3.8.6h4.4l3.2 3.2v4.4l-3.2 3.2H3.8L.6 8.2V3.8z" />
      <path className="cut" d="M4 4l4 4M8 4l-4 4" />
    </>
  ),
  breaks_next_run: (
    <>
      <path d="M6 .8L11.6 11H.4z" />
      <path className="cut" d="M6 4.4v2.8M6 8.9v.6" />
    </>
  ),
  tainted: (
    <>
      <circle className="ln" cx="6" cy="6" r="4.7" />
      <path d="M6 1.3a4.7 4.7 0 0 1 0 9.4z" />
    </>
  ),
  none: <circle className="ln" cx="6" cy="6" r="3.2" />,
  ok: <path className="ln w" d="M1.8 6.4l2.8 2.9 5.6-6.2" />,
  unknown: <circle className="ln" cx="6" cy="6" r="4.7" strokeDasharray="2.4 1.6" />,
  unmet: <path className="ln w" d="M2.2 2.2l7.6 7.6M9.8 2.2L2.2 9.8" />,
} satisfies Record<string, ReactNode>;

export type ShapeName = keyof typeof SHAPES;
export type SeverityName = 'critical' | 'high' | 'medium' | 'low';

/** A shape of effect or health, without words: put them beside it. */
export function Shape({ name, severity }: { name: ShapeName; severity?: SeverityName | undefined }) {
  return (
    <svg className={severity ? `fx sev-${severity}` : 'fx'} viewBox="0 0 12 12" aria-hidden="true">
      {SHAPES[name]}
    </svg>
  );
}

const EFFECT_WORDS: Readonly<Record<string, string>> = {
  breaks_now: 'breaks now',
  breaks_next_run: 'breaks at its next run',
  tainted: 'tainted',
  none: 'not affected',
};

export const effectWord = (effect: string): string => EFFECT_WORDS[effect] ?? effect.replaceAll('_', ' ');

/** An effect as shape, colour of its severity, and words. */
export function Effect({ effect, severity }: { effect: string; severity?: string | undefined }) {
  const shape = effect in SHAPES ? (effect as ShapeName) : 'unknown';
  return (
    <span className="nw">
      <Shape name={shape} severity={severity as SeverityName | undefined} /> {effectWord(effect)}
    </span>
  );
}
