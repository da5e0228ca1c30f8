import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { Query } from '@/api/query-string';
import { useWatermark } from '@/api/watermark';
import type { Scene } from './scene';
import { sceneQueryOptions } from './scene-query';

/** While much is written, the picture is asked for no more often than this. */
const EVERY_MS = 5_000;

/**
 * Follows what is written while a picture of the present is open. A newer answer with the same marks takes its place, because
 * nothing moves; another one waits until the returned function is called. Null: there is none.
 */
export function useNewer(query: Query, scene: Scene | undefined, isCurrent: boolean): (() => void) | null {
  const client = useQueryClient();
  const written = useWatermark().watermark;
  const isBehind = scene !== undefined && written !== null && written > scene.watermark;
  const options = sceneQueryOptions(query);
  const { data } = useQuery({
    ...options,
    queryKey: ['newer', ...options.queryKey],
    placeholderData: undefined as never,
    staleTime: 0,
    gcTime: 0,
    refetchInterval: EVERY_MS,
    enabled: isCurrent && isBehind && query.as_of === undefined,
  });
  const newer = scene && data && data.watermark > scene.watermark ? data : null;
  const moves = newer !== null && scene !== undefined && !hasSameMarks(newer, scene);
  useEffect(() => {
    if (newer && !moves) client.setQueryData(sceneQueryOptions(query).queryKey, newer);
  }, [client, newer, moves, query]);
  return moves ? () => client.setQueryData(options.queryKey, newer) : null;
}

/** Whether two answers draw the same marks at the same places. */
export function hasSameMarks(one: Scene, other: Scene): boolean {
  const placed = (scene: Scene) =>
    JSON.stringify([
      scene.rows.map((row) => row.id),
      scene.columns.map((column) => column.step),
      scene.marks.map((mark) => [mark.id, mark.at, mark.order]),
    ]);
  return placed(one) === placed(other);
}
