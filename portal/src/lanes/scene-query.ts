import { queryOptions } from '@tanstack/react-query';
import { getAs } from '@/api/client';
import type { ApiError } from '@/api/problem';
import type { Query } from '@/api/query-string';
import type { Scene } from './scene';

const PATH = '/api/v1/scene';
/** An answer stays as it is while someone looks at it: newer ones are offered, not put in its place. */
const KEPT_MS = 60_000;

/**
 * Options of `useQuery` for a scene. While folds open, the moment moves or the change is another one, the picture before stays;
 * a picture of another asset or direction does not.
 */
export function sceneQueryOptions(query: Query) {
  return queryOptions<Scene, ApiError>({
    queryKey: [PATH, query],
    queryFn: ({ signal }) => getAs<Scene>(PATH, query, { signal }),
    placeholderData: ((before: Scene | undefined) => (before && isSamePicture(before, query) ? before : undefined)) as never,
    staleTime: KEPT_MS,
    refetchOnWindowFocus: false,
  });
}

/** Whether a scene is of the asset and the direction that a query asks for. */
export function isSamePicture(scene: Scene, query: Query): boolean {
  return scene.root.uri === query.uri && scene.direction === (query.direction ?? 'downstream');
}
