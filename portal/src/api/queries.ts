import { QueryClient, queryOptions } from '@tanstack/react-query';
import { type Answer, type GetPath, get, type QueryOf } from './client';
import { ApiError } from './problem';

/** A fault that passes by itself is asked again: no server, or one that says when to come back. */
const PASSING = new Set([0, 502, 503, 504]);
const MAX_WAIT_MS = 10_000;

export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        retry: (failures, error) => failures < 2 && error instanceof ApiError && PASSING.has(error.status),
        retryDelay: (failures, error) => {
          const asked = error instanceof ApiError ? error.retryAfter : undefined;
          return Math.min(asked === undefined ? 500 * 2 ** failures : asked * 1000, MAX_WAIT_MS);
        },
      },
    },
  });
}

/** Options of `useQuery` for a GET: `useQuery(apiQuery('/api/v1/asset', { uri, as_of }))`. */
export function apiQuery<P extends GetPath>(path: P, query: QueryOf<P>) {
  return queryOptions<Answer<P>, ApiError>({
    queryKey: [path, query],
    queryFn: ({ signal }) => get(path, query, { signal }),
  });
}

/** As `apiQuery`; while a parameter changes, the answer before stays (`isPlaceholderData`). For changes within one subject only. */
export function steadyQuery<P extends GetPath>(path: P, query: QueryOf<P>) {
  return { ...apiQuery(path, query), placeholderData: (before: Answer<P> | undefined) => before };
}
