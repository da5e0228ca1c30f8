import type { LiveService } from '@/api/generated';
import { AssetName } from '@/ui/asset-name';
import { formatShare } from '@/ui/format';
import { Time } from '@/ui/time';
import { type Serving, servings } from './shares';

const GAP = 0.8;

/** The versions behind a service with their shares, as a bar and as words. */
export function Shares({ service }: { service: LiveService }) {
  const rows = servings(service);
  if (rows.length === 0) return <span className="t3">no deployment</span>;
  return (
    <>
      {rows.some((row) => row.version && row.share) && <ShareBar rows={rows} />}
      <ul className="serving">
        {rows.map((row) => (
          <li key={`${row.deployment} ${row.version?.uri}`}>
            {row.version ? (
              <AssetName uri={row.version.uri} name={row.version.name} kind="model_version" icon={false} />
            ) : (
              <span className="t3">no model</span>
            )}
            <span className="num b">
              {row.share === null ? <span className="t3">share not reported</span> : formatShare(row.share)}
            </span>
            <span className="when">
              {row.since && (
                <>
                  since <Time at={row.since} />
                </>
              )}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

/** Parts of 100 units; the list beside it says the same in words. */
function ShareBar({ rows }: { rows: readonly Serving[] }) {
  let x = 0;
  return (
    <svg className="share-bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      {rows.map((row, place) => {
        const begin = x;
        const width = (row.share ?? 0) * 100;
        x += width;
        const key = `${row.deployment} ${row.version?.uri}`;
        return <rect key={key} className={`share-${place % 2}`} x={begin} width={Math.max(0, width - GAP)} height="8" />;
      })}
    </svg>
  );
}
