import type { EventWarnings } from '@/api/generated';
import { Count } from '@/ui/count';
import { Table } from '@/ui/table';
import { Time } from '@/ui/time';

/** Details of events that were left out, by format and token; absent where there are none. */
export function WarningsSection({ warnings }: { warnings: readonly EventWarnings[] }) {
  if (warnings.length === 0) return null;
  return (
    <section>
      <h2 className="sec-h">Warnings about events</h2>
      <Table
        caption="Warnings about events, by format and source of the token"
        rows={warnings}
        rowKey={(row) => `${row.format} ${row.source}`}
        columns={[
          { title: 'Format', cell: (row) => <bdi>{row.format}</bdi> },
          { title: 'Token of', cell: (row) => (row.source ? <bdi>{row.source}</bdi> : <span className="t3">no token</span>) },
          { title: 'Warnings', numeric: true, cell: (row) => <Count value={row.warnings} /> },
          { title: 'Events', numeric: true, cell: (row) => <Count value={row.events} /> },
          { title: 'The last one', cell: (row) => <Last warning={row} /> },
        ]}
      />
    </section>
  );
}

function Last({ warning: { last, last_at } }: { warning: EventWarnings }) {
  return (
    <>
      <span dir="auto">{last.message}</span>
      <div className="t3 xs">
        <Time at={last_at} ago /> {last.pointer && <code>{last.pointer}</code>}
      </div>
    </>
  );
}
