import { useQuery } from '@tanstack/react-query';
import { useRef } from 'react';
import { useRefetchOnNews } from '@/api/live';
import { apiQuery } from '@/api/queries';
import { useMoment } from '@/app/moment';
import { usePageStatus } from '@/app/page-status';
import { AsCommand, AsJson } from '@/ui/as-same';
import { Page } from '@/ui/page';
import { FirstSteps } from './first-steps';
import { Hero } from './hero';
import './home.css';
import { KeptAssets } from '@/ui/kept-assets';
import { NearbyChanges } from './nearby-changes';

/** The start page: search, what changed near the reader, what they kept; on a fresh server, how the first data comes in. */
export function HomePage() {
  const { at_least } = useMoment();
  const all = useQuery(apiQuery('/api/v1/search', { limit: 3, at_least }));
  const total = all.data?.total;
  const startedEmpty = useRef(false);
  if (total === 0) startedEmpty.current = true;
  useRefetchOnNews(all, startedEmpty.current);
  const status = usePageStatus([all], { empty: total === 0 });
  const filling = startedEmpty.current && total !== undefined;
  const title = filling ? (total === 0 ? 'Nothing is here yet' : 'The first data is here') : 'Start';
  return (
    <Page
      title={title}
      quietTitle={!filling}
      status={status}
      waitsFor="the number of assets"
      knowsPast={false}
      actions={
        <>
          <AsJson path="/changes" />
          <AsCommand words={['mlgraph', 'changes']} />
        </>
      }
    >
      {all.data && filling && <FirstSteps found={all.data} />}
      {all.data && !filling && <Hero found={all.data} />}
      {all.data && total !== 0 && (
        <div className="col-2">
          <NearbyChanges live={filling} />
          <KeptAssets most={8} />
        </div>
      )}
    </Page>
  );
}
