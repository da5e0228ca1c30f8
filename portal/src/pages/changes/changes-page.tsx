import { getRouteApi } from '@tanstack/react-router';
import type { Changes } from '@/api/generated';
import { useMoment } from '@/app/moment';
import { usePageStatus } from '@/app/page-status';
import { AsCommand, AsJson } from '@/ui/as-same';
import { AssetName } from '@/ui/asset-name';
import { Band } from '@/ui/band';
import { Empty } from '@/ui/empty';
import { counted } from '@/ui/format';
import { Page } from '@/ui/page';
import { Time } from '@/ui/time';
import { DayList } from './day-list';
import { type ChangesSearch, commandOf, cutOf, feedQuery, isOpen, listedCount, shownWords, totalWords } from './feed';
import { Filters } from './filters';
import { complete, useFeed, useNewer } from './use-feed';
import './changes.css';

const route = getRouteApi('/changes');

/** What was recorded, newest first: who did what to which asset. */
export function ChangesPage() {
  const search = route.useSearch() as ChangesSearch;
  const { as_of, at_least } = useMoment();
  const query = feedQuery(search, as_of);
  const feed = useFeed(complete(query, at_least));
  const [first, last] = [feed.pages[0], feed.pages.at(-1)];
  const newer = useNewer(query, first);
  const status = usePageStatus([{ ...feed, refetch: feed.retry }], {
    empty: last?.total === 0,
    cut: last && cutOf(last),
  });
  return (
    <Page
      title="Changes"
      status={status}
      waitsFor="the changes"
      answer={first && last && <Answer first={first} last={last} />}
      actions={
        <>
          <AsJson path="/changes" query={query} />
          <AsCommand words={commandOf(query)} />
        </>
      }
    >
      <Filters search={search} />
      {first && last && (
        <div className="col">
          <News newer={newer} open={isOpen(query)} busy={feed.isFetching} onShow={() => void feed.refetch()} />
          {last.total === 0 && <Nothing first={first} last={last} />}
          <DayList pages={feed.pages} />
          <More feed={feed} last={last} />
        </div>
      )}
    </Page>
  );
}

const Period = ({ first }: { first: Changes }) => (
  <>
    from <Time at={first.from} /> to <Time at={first.to} />
  </>
);

function Whose({ first: { owner, uri } }: { first: Changes }) {
  return (
    <>
      {uri && (
        <>
          {' around '}
          <AssetName uri={uri} icon={false} />
        </>
      )}
      {owner && (
        <>
          {' at assets of '}
          <AssetName uri={owner} icon={false} />
        </>
      )}
    </>
  );
}

function Answer({ first, last }: { first: Changes; last: Changes }) {
  return (
    <span role="status">
      {last.total === 0 ? 'No change' : totalWords(last)}
      <Whose first={first} />, recorded <Period first={first} />.
    </span>
  );
}

function Nothing({ first, last }: { first: Changes; last: Changes }) {
  return (
    <Empty>
      Nothing changed
      <Whose first={first} /> <Period first={first} />. {counted(last.runs, 'run')} reported and are not listed.
    </Empty>
  );
}

interface NewsProps {
  readonly newer: Pick<Changes, 'total' | 'total_is'> | null;
  /** Whether newer changes can come at all. */
  readonly open: boolean;
  readonly busy: boolean;
  readonly onShow: () => void;
}

/** A place of constant height, so that an announcement moves nothing. */
function News({ newer, open, busy, onShow }: NewsProps) {
  return (
    <div className="news">
      {newer ? (
        <Band
          tone="acc"
          head={`${newer.total_is === 'exact' ? '' : 'At least '}${counted(newer.total, 'newer change')}.`}
          action={
            <button className="btn" type="button" disabled={busy} onClick={onShow}>
              Show newer changes
            </button>
          }
        />
      ) : (
        <p className="why">Newest first.{open && ' Newer changes are announced here.'}</p>
      )}
    </div>
  );
}

function More({ feed, last }: { feed: ReturnType<typeof useFeed>; last: Changes }) {
  const shown = listedCount(feed.pages);
  if (last.total === 0 && !feed.hasNextPage) return null;
  return (
    <div className="feed-end">
      {feed.hasNextPage && (
        <button className="btn" type="button" disabled={feed.isFetching} onClick={() => void feed.fetchNextPage()}>
          Load more
        </button>
      )}
      <p className="t2" role="status">
        {shownWords(shown, last)} {counted(last.runs, 'run')} reported and {last.runs === 1 ? 'is' : 'are'} not listed.
      </p>
    </div>
  );
}
