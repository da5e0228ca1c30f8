import type { Origin } from '@/api/generated';
import { AssetName } from '@/ui/asset-name';
import { Empty } from '@/ui/empty';
import { formatCount } from '@/ui/format';
import { type Column, Table } from '@/ui/table';
import { Time } from '@/ui/time';

const RUNS = 3;

const COLUMNS: readonly Column<Origin>[] = [
  { title: 'Origin', cell: (origin) => <bdi>{origin.origin}</bdi> },
  { title: 'Valid from', cell: (origin) => <Time at={origin.valid_from} /> },
  { title: 'To', cell: (origin) => (origin.valid_to === null ? 'now' : <Time at={origin.valid_to} />) },
  {
    title: 'Recorded',
    cell: (origin) =>
      origin.recorded_at === null ? (
        <span className="t3">by no fact</span>
      ) : (
        <>
          <Time at={origin.recorded_at} /> by <bdi>{origin.actor ?? 'somebody'}</bdi>
        </>
      ),
  },
  { title: 'Runs', cell: (origin) => <Runs origin={origin} /> },
  { title: 'Says', cell: (origin) => <bdi className="t2 wrap">{properties(origin)}</bdi> },
];

/** Who asserts an edge. Columns that would be empty are left out. */
export function OriginsTable({ origins }: { origins: readonly Origin[] }) {
  if (origins.length === 0) return <Empty>No origin asserts it.</Empty>;
  const withRuns = origins.some((each) => (each.runs_total ?? 0) > 0);
  const withProperties = origins.some((each) => properties(each) !== '');
  const columns = COLUMNS.filter(({ title }) => (title !== 'Runs' || withRuns) && (title !== 'Says' || withProperties));
  return (
    <Table
      caption="Table of origins"
      columns={columns}
      rows={origins}
      rowKey={(origin) => `${origin.origin} ${origin.valid_from}`}
    />
  );
}

function Runs({ origin }: { origin: Origin }) {
  const runs = origin.runs ?? [];
  const total = origin.runs_total ?? runs.length;
  return (
    <>
      {runs.slice(0, RUNS).map((run) => (
        <AssetName key={run} uri={run} icon={false} />
      ))}
      {total > RUNS && ` ${formatCount(total - RUNS)} more`}
    </>
  );
}

const properties = (origin: Origin): string =>
  Object.entries(origin.properties)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
