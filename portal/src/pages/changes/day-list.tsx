import { useMemo } from 'react';
import type { Changes } from '@/api/generated';
import { ChangeItem } from '@/ui/change-item';
import { counted, formatDay } from '@/ui/format';
import { type ActorGroup, daysOf } from './feed';

/** The pages of the feed by day and by actor. */
export function DayList({ pages }: { pages: readonly Changes[] }) {
  const days = useMemo(() => daysOf(pages), [pages]);
  return days.map(({ day, groups }) => (
    <section key={day.toDateString()} className="feed-day">
      <h2>{formatDay(day)}</h2>
      {groups.map((group) => (
        <Group key={group.listed[0]?.key} group={group} />
      ))}
    </section>
  ));
}

function Group({ group: { actor, origins, assets, listed } }: { group: ActorGroup }) {
  return (
    <div className="feed-group">
      <div className="feed-who">
        <h3>
          By <bdi>{actor}</bdi>
        </h3>
        <span className="t3">
          {counted(assets, 'asset')}, from <bdi>{origins.join(', ')}</bdi>
        </span>
      </div>
      <ul className="rows">
        {listed.map(({ key, summary }) => (
          <ChangeItem key={key} summary={summary} />
        ))}
      </ul>
    </div>
  );
}
