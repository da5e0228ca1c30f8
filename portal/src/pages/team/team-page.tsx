import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import type { Team, TeamNeighbour } from '@/api/generated';
import { useRefetchOnNews } from '@/api/live';
import { apiQuery } from '@/api/queries';
import { PageLink } from '@/app/page-link';
import { type PageStatus, statusOf, usePageStatus } from '@/app/page-status';
import { AsCommand, AsJson } from '@/ui/as-same';
import { AssetName } from '@/ui/asset-name';
import { AssetPicker } from '@/ui/asset-picker';
import { Count } from '@/ui/count';
import { Empty } from '@/ui/empty';
import { formatCount, kindWord, nameOfUri } from '@/ui/format';
import { NearestAssets } from '@/ui/nearest-assets';
import { OwnerLink } from '@/ui/owner-link';
import { Page } from '@/ui/page';
import { Table } from '@/ui/table';
import { ownedKinds, teamSummary } from './team-words';

const route = getRouteApi('/team');

interface TeamSearch {
  readonly uri?: string;
  readonly as_of?: string;
}

/** What a team owns, who is in it, and which teams are upstream and downstream of it. */
export function TeamPage() {
  const { uri, as_of } = route.useSearch() as TeamSearch;
  return uri === undefined ? <NoTeam /> : <TeamOf key={uri} uri={uri} as_of={as_of} />;
}

function NoTeam() {
  const navigate = useNavigate();
  return (
    <Page title="Which team?" status={{ ...statusOf([]), state: 'empty' }}>
      <AssetPicker label="Team" kinds={['team']} onPick={({ uri }) => navigate({ to: '/team', search: { uri } as never })} />
    </Page>
  );
}

function TeamOf({ uri, as_of }: { uri: string; as_of: string | undefined }) {
  const found = useQuery(apiQuery('/api/v1/team', { uri, as_of }));
  useRefetchOnNews(found, as_of === undefined);
  const team = found.data;
  const cut = team && team.members_total > team.members.length ? 'limit' : null;
  const status = usePageStatus([found], { cut, empty: team?.total === 0 });
  const refused = found.error?.status === 404 || found.error?.status === 422;
  return (
    <Page
      title={team?.name ?? nameOfUri(uri)}
      crumb="Team"
      status={status}
      waitsFor="what the team owns"
      answer={team && teamSummary(team)}
      actions={
        <>
          <AsJson path="/team" query={{ uri, as_of }} />
          <AsCommand words={['mlgraph', 'team', uri, ...(as_of ? ['--as-of', as_of] : [])]} />
        </>
      }
    >
      {refused && <NotATeam uri={uri} status={status} />}
      {team && <Known team={team} past={as_of !== undefined} />}
    </Page>
  );
}

function NotATeam({ uri, status }: { uri: string; status: PageStatus }) {
  return status.error?.status === 422 ? (
    <p>
      This is not the URI of a team. Its page as an asset: <AssetName uri={uri} />
    </p>
  ) : (
    <NearestAssets name={nameOfUri(uri)} kind="team" />
  );
}

function Known({ team, past }: { team: Team; past: boolean }) {
  return (
    <div className="col">
      {past && <p className="t2">Owners are the latest known ones; members and edges are those of the moment.</p>}
      <p>
        <PageLink page="/live" search={{ team: team.uri }}>
          What its services serve
        </PageLink>
        {' · '}
        <PageLink page="/changes" search={{ owner: team.uri }}>
          What changed
        </PageLink>
        {' · '}
        <PageLink page="/asset" search={{ uri: team.uri }}>
          The team as an asset
        </PageLink>
      </p>
      <Owned team={team} />
      <Members team={team} />
      <Neighbours title="It reads from" neighbours={team.depends_on} none="It reads nothing of other teams." />
      <Neighbours title="It is read by" neighbours={team.depended_on_by} none="No other team reads what it owns." />
    </div>
  );
}

function Owned({ team }: { team: Team }) {
  const kinds = ownedKinds(team.owns);
  return (
    <section aria-labelledby="h-owns">
      <div className="sec-h">
        <h2 id="h-owns">Owns</h2>
      </div>
      {kinds.length === 0 ? (
        <Empty>Nothing names it as an owner. An asset's page can do so.</Empty>
      ) : (
        <Table
          caption="Assets of the team by kind"
          rows={kinds}
          rowKey={([kind]) => kind}
          columns={[
            { title: 'Kind', cell: ([kind]) => <KindLink team={team.uri} kind={kind} /> },
            { title: 'Assets', numeric: true, cell: ([, count]) => <Count value={count} /> },
          ]}
        />
      )}
    </section>
  );
}

function KindLink({ team, kind }: { team: string; kind: string }) {
  return (
    <PageLink page="/search" search={{ team: [team], kind: [kind] }}>
      {kindWord(kind)}
    </PageLink>
  );
}

function Members({ team }: { team: Team }) {
  const left = team.members_total - team.members.length;
  return (
    <section aria-labelledby="h-members">
      <div className="sec-h">
        <h2 id="h-members">Members</h2>
      </div>
      {team.members.length === 0 && <Empty>Nobody is named as a member.</Empty>}
      <ul className="rows">
        {team.members.map((member) => (
          <li key={member.uri}>
            <OwnerLink uri={member.uri} name={member.name} />
          </li>
        ))}
      </ul>
      {left > 0 && <p className="why">{formatCount(left)} more are not listed.</p>}
    </section>
  );
}

interface NeighboursProps {
  readonly title: string;
  readonly neighbours: readonly TeamNeighbour[];
  readonly none: string;
}

function Neighbours({ title, neighbours, none }: NeighboursProps) {
  return (
    <section aria-label={title}>
      <div className="sec-h">
        <h2>{title}</h2>
      </div>
      {neighbours.length === 0 ? (
        <Empty>{none}</Empty>
      ) : (
        <Table
          caption={`${title}: teams, and how many of their assets are at an edge`}
          rows={neighbours}
          rowKey={(row) => row.team ?? ''}
          columns={[
            { title: 'Team', cell: (row) => <Neighbour row={row} /> },
            { title: 'Assets', numeric: true, cell: (row) => <Count value={row.assets} /> },
          ]}
        />
      )}
    </section>
  );
}

function Neighbour({ row }: { row: TeamNeighbour }) {
  if (row.team === null) return <span className="t2">nobody</span>;
  return <OwnerLink uri={row.team} name={row.name ?? nameOfUri(row.team)} />;
}
