import { useQuery } from '@tanstack/react-query';
import { apiQuery } from '@/api/queries';
import { usePageStatus } from '@/app/page-status';
import { Count } from '@/ui/count';
import { Page } from '@/ui/page';

/** The start page. */
export function HomePage() {
  const all = useQuery(apiQuery('/api/v1/search', { limit: 1 }));
  const status = usePageStatus([all], { empty: all.data?.total === 0 });
  return (
    <Page title="Start" status={status} waitsFor="the number of assets" knowsPast={false}>
      {all.data && (
        <p>
          <Count value={all.data.total} /> assets.
        </p>
      )}
    </Page>
  );
}
