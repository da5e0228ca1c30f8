import { Shape } from '@/ui/effect';
import { EFFECTS, SEVERITIES } from './scene';

const EFFECT_LINES = { breaks_now: 'breaks now', breaks_next_run: 'breaks at its next run', tainted: 'tainted' } as const;

/** What shapes, colours and dashes mean. */
export function Legend({ impact, compares, cycles }: { impact: boolean; compares: boolean; cycles: boolean }) {
  return (
    <section>
      <h2>How to read it</h2>
      <ul className="legend">
        {impact &&
          EFFECTS.map((effect) => (
            <li key={effect}>
              <Shape name={effect} /> {EFFECT_LINES[effect]}
            </li>
          ))}
        {impact && (
          <li>
            <Shape name="none" /> not affected
          </li>
        )}
        {impact && (
          <li>
            <svg className="bar" width="64" height="8" viewBox="0 0 64 8" aria-hidden="true">
              {SEVERITIES.map((severity, level) => (
                <rect
                  key={severity}
                  className={`sev-${severity}`}
                  x={16 * level}
                  y={2 * level}
                  width="16"
                  height={8 - 2 * level}
                  fill="currentColor"
                />
              ))}
            </svg>{' '}
            critical, high, medium, low
          </li>
        )}
        {compares && <li>+ appeared, − gone, = the same</li>}
        {cycles && <li>↻ a cycle, or in one</li>}
        <li>
          <span className="ln" /> certain
        </li>
        <li>
          <span className="ln d" /> possible
        </li>
      </ul>
    </section>
  );
}
