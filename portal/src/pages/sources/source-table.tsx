import type { Source } from '@/api/generated';
import { PageLink } from '@/app/page-link';
import { Count } from '@/ui/count';
import { Shape } from '@/ui/effect';
import { formatDuration } from '@/ui/format';
import { Name } from '@/ui/name';
import { Table } from '@/ui/table';
import { Time } from '@/ui/time';
import { conditionOf, pauseOf, progressOf, stateWord } from './source-state';

const TONES = { ok: 'ok', busy: 't2', failing: 'bad', stopped: 't3' } as const;
const SHAPES = { ok: 'ok', busy: 'unknown', failing: 'unmet', stopped: 'none' } as const;

export function SourceTable({ sources }: { sources: readonly Source[] }) {
  return (
    <Table
      caption="Connected tools with their state, progress and last sync"
      rows={sources}
      rowKey={(row) => `${row.kind} ${row.name}`}
      columns={[
        { title: 'Source', cell: (row) => <SourceCell source={row} /> },
        { title: 'State', cell: (row) => <StateCell source={row} /> },
        { title: 'Objects', cell: progressOf },
        { title: 'Last full reading', cell: (row) => <SyncCell source={row} /> },
        { title: 'Dead letters', numeric: true, cell: (row) => <LettersCell count={row.dead_letters ?? 0} /> },
      ]}
    />
  );
}

function SourceCell({ source: { name, kind, url, environment } }: { source: Source }) {
  return (
    <>
      <Name text={name} />
      <div className="t3 xs">
        <bdi>{kind}</bdi>
        {environment && (
          <>
            , <bdi>{environment}</bdi>
          </>
        )}
      </div>
      <div className="id">
        <bdi>{url}</bdi>
      </div>
    </>
  );
}

function StateCell({ source }: { source: Source }) {
  const condition = conditionOf(source);
  const pause = pauseOf(source);
  return (
    <>
      <span className={TONES[condition]}>
        <Shape name={SHAPES[condition]} /> {stateWord(source)}
      </span>
      {source.error && (
        <p className="fault" dir="auto">
          {source.error}
        </p>
      )}
      {pause && <p className="t2">{pause}</p>}
      {!source.error && source.last_error && source.last_error_at && (
        <p className="t3 xs">
          <Count value={source.errors ?? 1} /> failed so far, the last one <Time at={source.last_error_at} ago />:{' '}
          <bdi>{source.last_error}</bdi>
        </p>
      )}
    </>
  );
}

function SyncCell({ source: { last_sync_at, lag_s, events_waiting = 0 } }: { source: Source }) {
  return (
    <>
      {last_sync_at ? <Time at={last_sync_at} ago /> : <span className="t3">none yet</span>}
      {lag_s != null && <div className="t3 xs">polled {formatDuration(lag_s)} ago</div>}
      {events_waiting > 0 && (
        <div className="t3 xs">
          <Count value={events_waiting} /> named by events, not yet read
        </div>
      )}
    </>
  );
}

function LettersCell({ count }: { count: number }) {
  if (count === 0) return <Count value={0} />;
  return (
    <PageLink page="/dead-letters">
      <Count value={count} />
    </PageLink>
  );
}
