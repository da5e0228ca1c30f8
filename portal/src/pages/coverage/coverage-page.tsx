import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useRefetchOnNews } from '@/api/live';
import { steadyQuery } from '@/api/queries';
import { useMoment } from '@/app/moment';
import { usePageStatus } from '@/app/page-status';
import { AsCommand, AsJson } from '@/ui/as-same';
import { Empty } from '@/ui/empty';
import { Page } from '@/ui/page';
import { GapsSection } from './gaps-section';
import { ReachedBars } from './reached-bars';
import { ASPECTS, type Aspect, isEmpty, summaryOf } from './shares';
import './coverage.css';

const route = getRouteApi('/coverage');

interface CoverageSearch {
  readonly limit?: number;
  readonly missing?: Aspect;
}

/** What is known of the model versions that serve, and what mends each gap. */
export function CoveragePage() {
  const { limit, missing } = route.useSearch() as CoverageSearch;
  const { as_of, at_least } = useMoment();
  const query = { as_of, limit, at_least };
  const found = useQuery(steadyQuery('/api/v1/coverage', query));
  useRefetchOnNews(found, as_of === undefined);
  const { data } = found;
  const status = usePageStatus([found], {
    empty: data !== undefined && isEmpty(data),
    cut: data?.partial ? (data.reason ?? '') : null,
  });
  return (
    <Page
      title="Coverage"
      status={status}
      waitsFor="what is known of the versions that serve"
      answer={data && summaryOf(data)}
      actions={
        <>
          <AsJson path="/coverage" query={query} />
          <AsCommand words={commandOf(as_of, limit)} />
          <MissingFilter missing={missing} />
        </>
      }
    >
      {data &&
        (isEmpty(data) ? (
          <Empty>No model version serves at this moment. A version counts once a deployment of it serves a service.</Empty>
        ) : (
          <div className="col">
            <ReachedBars coverage={data} />
            <GapsSection coverage={data} missing={missing} />
          </div>
        ))}
    </Page>
  );
}

function commandOf(as_of: string | undefined, limit: number | undefined): string[] {
  return ['mlgraph', 'coverage', ...(as_of ? ['--as-of', as_of] : []), ...(limit ? ['--limit', String(limit)] : [])];
}

function MissingFilter({ missing }: { missing: Aspect | undefined }) {
  const navigate = route.useNavigate();
  const choose = (chosen: string) =>
    void navigate({ search: ((now: object) => ({ ...now, missing: chosen || undefined })) as never });
  return (
    <select className="btn" aria-label="Missing" value={missing ?? ''} onChange={(event) => choose(event.target.value)}>
      <option value="">All gaps</option>
      {ASPECTS.map((each) => (
        <option key={each} value={each}>
          no {each}
        </option>
      ))}
    </select>
  );
}
