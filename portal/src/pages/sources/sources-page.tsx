import { useQuery } from '@tanstack/react-query';
import type { Connector } from '@/api/generated';
import { apiQuery } from '@/api/queries';
import { useMoment } from '@/app/moment';
import { PageLink } from '@/app/page-link';
import { usePageStatus } from '@/app/page-status';
import { AsCommand, AsJson } from '@/ui/as-same';
import { CopyCommand } from '@/ui/copy-command';
import { Empty } from '@/ui/empty';
import { kindWord } from '@/ui/format';
import { Page } from '@/ui/page';
import { Table } from '@/ui/table';
import { summaryOf } from './source-state';
import { SourceTable } from './source-table';
import { WarningsSection } from './warnings-section';
import './sources.css';

/** Progress and lag change without a write, so that no watermark tells of them. */
const EVERY_MS = 5_000;

/** The connected tools, warnings about events, and how more data comes in. */
export function SourcesPage() {
  const { at_least } = useMoment();
  const found = useQuery({ ...apiQuery('/api/v1/sources', { at_least }), refetchInterval: EVERY_MS });
  const known = useQuery(apiQuery('/api/v1/connectors', { at_least }));
  const status = usePageStatus([found, known], { empty: found.data?.sources.length === 0 });
  return (
    <Page
      title="Sources"
      status={status}
      knowsPast={false}
      waitsFor="the connected tools"
      answer={found.data && summaryOf(found.data.sources)}
      actions={
        <>
          <AsJson path="/sources" query={{ at_least }} />
          <AsCommand words={['mlgraph', 'sources']} />
          <PageLink page="/coverage" className="btn">
            Coverage
          </PageLink>
          <PageLink page="/dead-letters" className="btn">
            Dead letters
          </PageLink>
        </>
      }
    >
      {found.data && known.data && (
        <div className="col sources">
          <section>
            <h2 className="sec-h">Connected tools</h2>
            {found.data.sources.length > 0 ? (
              <SourceTable sources={found.data.sources} />
            ) : (
              <Empty>No tool is connected. The lines below connect one; events need no connection.</Empty>
            )}
          </section>
          <WarningsSection warnings={found.data.warnings} />
          <AddSection connectors={known.data.connectors} />
        </div>
      )}
    </Page>
  );
}

function AddSection({ connectors }: { connectors: readonly Connector[] }) {
  return (
    <section>
      <h2 className="sec-h">Add a source</h2>
      <Table
        caption="Connectors of this server"
        rows={connectors}
        rowKey={(row) => row.name}
        columns={[
          { title: 'Connector', cell: (row) => <bdi>{row.name}</bdi> },
          { title: 'Brings', cell: (row) => row.kinds.map(kindWord).join(', ') },
          { title: 'How to add', cell: (row) => <HowToAdd connector={row} /> },
        ]}
      />
    </section>
  );
}

function HowToAdd({ connector: { name, connects, accepts_events } }: { connector: Connector }) {
  return (
    <>
      {connects && <CopyCommand text={`mlgraph connect ${name} <URL>`} />}
      {accepts_events && <CopyCommand text={`mlgraph ingest --format ${name} <FILE>`} />}
      {name === 'openlineage' && <CopyCommand text={`export OPENLINEAGE_URL=${location.origin}`} />}
    </>
  );
}
