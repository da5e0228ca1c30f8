import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { apiQuery } from '@/api/queries';
import { useMoment } from '@/app/moment';
import { PageLink } from '@/app/page-link';
import { usePageStatus } from '@/app/page-status';
import { AsCommand, AsJson } from '@/ui/as-same';
import { Empty } from '@/ui/empty';
import { Page } from '@/ui/page';
import { LetterItem } from './letter-item';
import { summaryOf } from './payload';
import { ReplayBand, useReplay } from './replay';
import './dead-letters.css';

const route = getRouteApi('/dead-letters');
/** A letter is no write of the graph, so that no watermark tells of it. */
const EVERY_MS = 10_000;

interface LettersSearch {
  readonly limit?: number;
  readonly cursor?: string;
}

/** Input that was accepted and could not be processed: reason, the input itself, replay. */
export function DeadLettersPage() {
  const { limit, cursor } = route.useSearch() as LettersSearch;
  const { at_least } = useMoment();
  const query = { limit, cursor, at_least };
  const found = useQuery({ ...apiQuery('/api/v1/dead-letters', query), refetchInterval: EVERY_MS });
  const { data } = found;
  const replay = useReplay(found.refetch);
  const status = usePageStatus([found], { empty: data?.total === 0, cut: data?.partial ? (data.reason ?? '') : null });
  const next = data?.frontier && (
    <PageLink page="/dead-letters" className="btn" search={{ limit, cursor: data.frontier }}>
      Next ones
    </PageLink>
  );
  return (
    <Page
      title="Dead letters"
      status={status}
      knowsPast={false}
      waitsFor="the dead letters"
      answer={data && summaryOf(data.total, data.dead_letters.length)}
      more={next}
      actions={
        <>
          <AsJson path="/dead-letters" query={query} />
          <AsCommand words={commandOf(limit, cursor)} />
        </>
      }
    >
      <ReplayBand outcome={replay.outcome} />
      {data &&
        (data.total === 0 ? (
          <Empty>All input that was accepted was processed. What cannot be is kept here with its reason.</Empty>
        ) : (
          <ul className="col letters">
            {data.dead_letters.map((letter) => (
              <LetterItem key={letter.id} letter={letter} running={replay.running} onReplay={replay.start} />
            ))}
          </ul>
        ))}
    </Page>
  );
}

function commandOf(limit: number | undefined, cursor: string | undefined): string[] {
  return ['mlgraph', 'dead-letters', ...(limit ? ['--limit', String(limit)] : []), ...(cursor ? ['--cursor', cursor] : [])];
}
