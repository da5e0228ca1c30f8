import type { DeployedCoverage } from '@/api/generated';
import { formatCount, formatShare } from '@/ui/format';
import { type Reached, reachedOf } from './shares';

/** One bar an aspect with its numbers beside it. */
export function ReachedBars({ coverage }: { coverage: DeployedCoverage }) {
  return (
    <section>
      <h2 className="sec-h">What the versions reach</h2>
      <ul className="reached">
        {reachedOf(coverage).map((row) => (
          <li key={row.aspect}>
            <span className="b">{row.aspect}</span>
            <Bar row={row} />
            <span className="num">{numbersOf(row)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

const numbersOf = ({ reached, expected, share }: Reached): string =>
  share === null ? 'none expected' : `${formatCount(reached)} of ${formatCount(expected)}, ${formatShare(share)}`;

function Bar({ row: { share } }: { row: Reached }) {
  return (
    <svg className="reach-bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      {share !== null && <rect className="reach-all" width="100" height="8" />}
      {share !== null && <rect className="reach-part" width={share * 100} height="8" />}
    </svg>
  );
}
