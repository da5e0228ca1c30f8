import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { LiveService } from '@/api/generated';
import { useRefetchOnNews } from '@/api/live';
import { steadyQuery } from '@/api/queries';
import { usePageStatus } from '@/app/page-status';
import { AsCommand, AsJson } from '@/ui/as-same';
import { AssetName } from '@/ui/asset-name';
import { Shape } from '@/ui/effect';
import { Empty } from '@/ui/empty';
import { nameOfUri } from '@/ui/format';
import { OwnerLink } from '@/ui/owner-link';
import { Page } from '@/ui/page';
import { Table } from '@/ui/table';
import { Time } from '@/ui/time';
import { healthOf, servedSince, summaryOf } from './shares';
import { Shares } from './shares-list';
import { TeamFilter } from './team-filter';
import './live.css';

const route = getRouteApi('/live');

interface LiveSearch {
  readonly service?: string;
  readonly team?: string;
  readonly as_of?: string;
}

/** Which versions serve what: shares, health, since when. */
export function LivePage() {
  const { service, team, as_of } = route.useSearch() as LiveSearch;
  const query = { service, team, as_of };
  const found = useQuery(steadyQuery('/api/v1/live', query));
  useRefetchOnNews(found, as_of === undefined);
  const services = found.data?.services ?? [];
  const status = usePageStatus([found], { empty: found.data?.services.length === 0 });
  const subject = service ? nameOfUri(service) : team ? `the services of ${nameOfUri(team)}` : 'all services';
  return (
    <Page
      title="What serves what"
      status={status}
      waitsFor={`what serves ${subject}`}
      answer={found.data && summaryOf(services)}
      actions={
        <>
          <AsJson path="/live" query={query} />
          <AsCommand words={commandOf(query)} />
          <TeamFilter team={team} service={service} listed={services} />
        </>
      }
    >
      {found.data &&
        (services.length > 0 ? (
          <LiveTable services={services} />
        ) : (
          <Nothing filtered={service !== undefined || team !== undefined} />
        ))}
    </Page>
  );
}

function commandOf({ service, team, as_of }: LiveSearch): string[] {
  return [
    'mlgraph',
    'live',
    ...(service ? [service] : []),
    ...(team ? ['--team', team] : []),
    ...(as_of ? ['--as-of', as_of] : []),
  ];
}

function Nothing({ filtered }: { filtered: boolean }) {
  if (filtered) return <Empty>No such service is known at this moment.</Empty>;
  return (
    <Empty>No service is known at this moment. Services and what they serve come from facts, or from a connected tool.</Empty>
  );
}

function LiveTable({ services }: { services: readonly LiveService[] }) {
  return (
    <div className="col live">
      <Table
        caption="Services, the versions they serve and their share"
        rows={services}
        rowKey={(row) => row.uri}
        columns={[
          { title: 'Service', cell: (row) => <ServiceCell service={row} /> },
          { title: 'Health', cell: (row) => <HealthCell service={row} /> },
          { title: 'Versions, by share of requests', cell: (row) => <Shares service={row} /> },
          { title: 'Served since', cell: (row) => <SinceCell at={servedSince(row)} /> },
        ]}
      />
    </div>
  );
}

function ServiceCell({ service }: { service: LiveService }) {
  return (
    <>
      <AssetName uri={service.uri} name={service.name} kind="service" icon={false} />
      <div className="t3 xs">{service.team ? <OwnerLink uri={service.team} /> : 'nobody owns it'}</div>
    </>
  );
}

const TONES = { failing: 'bad', ok: 'ok', unknown: 't3' } as const;
const SHAPES = { failing: 'breaks_next_run', ok: 'ok', unknown: 'unknown' } as const;

function HealthCell({ service }: { service: LiveService }) {
  const { health, word } = healthOf(service);
  return (
    <span className={TONES[health]}>
      <Shape name={SHAPES[health]} /> <bdi>{word}</bdi>
    </span>
  );
}

const SinceCell = ({ at }: { at: string | null }) => (at ? <Time at={at} /> : null);
