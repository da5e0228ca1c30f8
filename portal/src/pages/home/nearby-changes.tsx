import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Changes } from '@/api/generated';
import { useRefetchOnNews } from '@/api/live';
import { apiQuery } from '@/api/queries';
import { usePinned, useRecent } from '@/app/my-assets';
import { PageLink, useHasPage } from '@/app/page-link';
import { Band } from '@/ui/band';
import { ChangeItem } from '@/ui/change-item';
import { byDay, type ChangeSummary, concerns, summarise } from '@/ui/change-summary';
import { Empty } from '@/ui/empty';
import { counted, formatDay } from '@/ui/format';

const DAY_MS = 86_400_000;
const DAYS = 7;
const READ = 200;
const SHOWN = 12;

/** The latest changes near what the reader pinned or opened; near nothing known, the latest of all. */
export function NearbyChanges({ live }: { live: boolean }) {
  const [from] = useState(() => new Date(Date.now() - DAYS * DAY_MS).toISOString());
  const changes = useQuery(apiQuery('/api/v1/changes', { from, limit: READ }));
  useRefetchOnNews(changes, live);
  const near = useNear();
  const hasFeed = useHasPage('/changes');
  const summaries = summarise(changes.data?.changes ?? []);
  const nearby = summaries.filter((summary) => concerns(summary, near));
  const isNear = nearby.length > 0;
  return (
    <section aria-labelledby="changed">
      <div className="sec-h">
        <h2 id="changed">{isNear ? 'What changed near you' : 'What changed'}</h2>
        <span className="t3">
          {isNear ? 'what you pinned or opened, and what is next to it' : `in the last ${DAYS} days`}
          {hasFeed && (
            <>
              {' · '}
              <PageLink page="/changes">all changes</PageLink>
            </>
          )}
        </span>
      </div>
      {changes.error && (
        <Band tone="bad" shape="unmet" head={changes.error.title}>
          {changes.error.detail}
        </Band>
      )}
      {changes.data && <Feed all={changes.data} summaries={isNear ? nearby : summaries} />}
    </section>
  );
}

function useNear(): ReadonlySet<string> {
  const pinned = usePinned();
  const recent = useRecent();
  return new Set([...pinned, ...recent].map((asset) => asset.uri));
}

function Feed({ all, summaries }: { all: Changes; summaries: readonly ChangeSummary[] }) {
  const [shown, setShown] = useState(SHOWN);
  if (summaries.length === 0) {
    return (
      <Empty>
        Nothing changed in the last {DAYS} days, and {counted(all.runs, 'run')} reported.
      </Empty>
    );
  }
  const rest = summaries.length - shown;
  return (
    <>
      {byDay(summaries.slice(0, shown)).map(({ day, summaries: ofDay }) => (
        <div key={day.toDateString()}>
          <h3 className="feed-d">{formatDay(day)}</h3>
          <ul className="rows">
            {ofDay.map((summary) => (
              <ChangeItem key={summary.asset.uri + summary.recordedAt} summary={summary} />
            ))}
          </ul>
        </div>
      ))}
      {rest > 0 && (
        <p>
          <button className="btn" type="button" onClick={() => setShown(summaries.length)}>
            {counted(rest, 'more', 'more')}
          </button>
        </p>
      )}
      <p className="why">
        {counted(all.runs, 'run')} reported and are not listed.
        {all.frontier &&
          ` Looked through the latest ${counted(all.changes.length, 'change')} of ${all.total_is === 'exact' ? '' : 'at least '}${counted(all.total, 'change')}.`}
      </p>
    </>
  );
}
