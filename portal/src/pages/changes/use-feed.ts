import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { get } from '@/api/client';
import type { Changes } from '@/api/generated';
import { useRefetchOnNews } from '@/api/live';
import type { ApiError } from '@/api/problem';
import { apiQuery } from '@/api/queries';
import { useWatermark } from '@/api/watermark';
import { type ChangesSearch, isOpen, newestOf } from './feed';

/** Pages of the feed. What is on the page changes only when the reader asks: by more, or by what is newer. */
export function useFeed(query: ReturnType<typeof complete>) {
  const found = useInfiniteQuery<Changes, ApiError, { pages: Changes[] }, readonly unknown[], string | undefined>({
    queryKey: ['/api/v1/changes', 'pages', query],
    queryFn: ({ pageParam, signal }) => get('/api/v1/changes', { ...query, cursor: pageParam }, { signal }),
    initialPageParam: undefined,
    getNextPageParam: (last) => last.frontier ?? undefined,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const retry = found.isFetchNextPageError ? found.fetchNextPage : found.refetch;
  return { ...found, pages: found.data?.pages ?? [], retry };
}

/** All parameters of the call but the cursor. */
export const complete = (query: ChangesSearch, at_least: number | undefined) => ({
  from: query.from,
  to: query.to,
  owner: query.owner,
  uri: query.uri,
  limit: undefined,
  at_least,
});

/** How many entries are newer than the list; null: none. */
export function useNewer(query: ChangesSearch, first: Changes | undefined): Pick<Changes, 'total' | 'total_is'> | null {
  const { watermark } = useWatermark();
  const isBehind = first !== undefined && watermark !== null && watermark > first.watermark;
  const enabled = isOpen(query) && isBehind;
  const from = first && newestOf(first);
  const newer = useQuery({
    ...apiQuery('/api/v1/changes', { from, to: query.to, owner: query.owner, uri: query.uri, limit: 1 }),
    enabled,
  });
  useRefetchOnNews(newer, enabled);
  return enabled && newer.data && newer.data.total > 0 ? newer.data : null;
}
