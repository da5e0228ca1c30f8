import { useState } from 'react';
import type { Asset } from '@/api/generated';
import { Empty } from '@/ui/empty';
import { counted } from '@/ui/format';
import { Time } from '@/ui/time';
import { historyOf } from './history';
import type { RelationGroup } from './relations';
import { TabLink } from './sections';

const SHORT = 5;
const PAGE = 100;

interface HistorySectionProps {
  readonly asset: Asset;
  readonly groups: readonly RelationGroup[];
  readonly short: boolean;
}

/** What happened to the asset: the states that each origin reported, and the beginnings of its relations. */
export function HistorySection({ asset, groups, short }: HistorySectionProps) {
  const entries = historyOf(asset, groups);
  const [listed, setListed] = useState(PAGE);
  const most = short ? SHORT : listed;
  const rest = entries.length - most;
  return (
    <section id="history" aria-labelledby="h-history">
      <div className="sec-h">
        <h2 id="h-history">History</h2>
        <span className="t3">newest first; runs have their own relations</span>
      </div>
      {entries.length === 0 && <Empty>No source has described it, and no relation of it is valid.</Empty>}
      <ol className="tl">
        {entries.slice(0, most).map((entry) => (
          <li key={entry.key}>
            <Time at={entry.at} />
            <div>
              <bdi>{entry.text}</bdi>
              <span className="why">
                {' '}
                <bdi>{entry.origin}</bdi>
                {entry.origin === 'curation' && entry.actor && (
                  <>
                    , by <bdi>{entry.actor}</bdi>
                  </>
                )}
                {entry.recordedAt && (
                  <>
                    , recorded <Time at={entry.recordedAt} />
                  </>
                )}
              </span>
            </div>
          </li>
        ))}
      </ol>
      {rest > 0 && (
        <p className="why">
          {counted(rest, 'earlier entry', 'earlier entries')}.{' '}
          {short ? (
            <TabLink tab="history">Show them</TabLink>
          ) : (
            <button className="btn quiet" type="button" onClick={() => setListed(listed + PAGE)}>
              Show {Math.min(rest, PAGE)} more
            </button>
          )}
        </p>
      )}
    </section>
  );
}
