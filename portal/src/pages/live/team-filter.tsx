import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { LiveService } from '@/api/generated';
import { apiQuery } from '@/api/queries';
import { useMoment } from '@/app/moment';
import { nameOfUri } from '@/ui/format';

const route = getRouteApi('/live');

interface TeamFilterProps {
  readonly team: string | undefined;
  readonly service: string | undefined;
  readonly listed: readonly LiveService[];
}

/** Chooses one team's services. The teams are those of all services, so that one choice leads to another. */
export function TeamFilter({ team, service, listed }: TeamFilterProps) {
  const navigate = route.useNavigate();
  const { as_of } = useMoment();
  const filtered = team !== undefined || service !== undefined;
  const all = useQuery({ ...apiQuery('/api/v1/live', { service: undefined, team: undefined, as_of }), enabled: filtered });
  const services = filtered ? (all.data?.services ?? listed) : listed;
  const teams = [...new Set([...services.map((each) => each.team), team].filter((each) => each != null))].sort();
  if (teams.length === 0) return null;
  const choose = (chosen: string) => void navigate({ search: { team: chosen || undefined } as never });
  return (
    <select className="btn" aria-label="Team" value={team ?? ''} onChange={(event) => choose(event.target.value)}>
      <option value="">All teams</option>
      {teams.map((each) => (
        <option key={each} value={each}>
          {nameOfUri(each)}
        </option>
      ))}
    </select>
  );
}
