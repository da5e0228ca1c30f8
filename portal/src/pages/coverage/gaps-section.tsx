import type { CoverageGap, DeployedCoverage } from '@/api/generated';
import { AssetName } from '@/ui/asset-name';
import { CopyCommand } from '@/ui/copy-command';
import { Empty } from '@/ui/empty';
import { formatCount } from '@/ui/format';
import type { Aspect } from './shares';

/** The gaps with what mends each; a list, since a line to copy wants the width. */
export function GapsSection({ coverage, missing }: { coverage: DeployedCoverage; missing: Aspect | undefined }) {
  const gaps = missing ? coverage.gaps.filter((gap) => gap.missing === missing) : coverage.gaps;
  if (coverage.total === 0) return null;
  return (
    <section>
      <div className="sec-h">
        <h2>Gaps</h2>
        <span className="t3">
          {formatCount(gaps.length)} listed of {formatCount(coverage.total)}
        </span>
      </div>
      {gaps.length === 0 ? (
        <Empty>None of the listed versions misses this.</Empty>
      ) : (
        <ul className="gaps">
          {gaps.map((gap) => (
            <Gap key={`${gap.uri} ${gap.missing}`} gap={gap} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Gap({ gap: { uri, name, services, missing, reason, fix } }: { gap: CoverageGap }) {
  return (
    <li>
      <div className="gap-h">
        <AssetName uri={uri} name={name} /> <span className="b nw">no {missing}</span>
      </div>
      <p className="t2" dir="auto">
        {reason}
      </p>
      {services.length > 0 && (
        <p className="gap-s t3">
          <span>serves</span>
          {services.map((each) => (
            <AssetName key={each} uri={each} kind="service" />
          ))}
        </p>
      )}
      <CopyCommand text={fix} />
    </li>
  );
}
