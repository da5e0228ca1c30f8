import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { Query } from '@/api/query-string';
import type { Scene } from './scene';
import { isSamePicture, sceneQueryOptions } from './scene-query';
import { useNewer } from './use-newer';

/** What takes longer says what it waits for. */
const LATE_MS = 400;

/** The scene of a query; while the next one is fetched, or cannot be, the last one of the same picture. */
export function useScene(query: Query) {
  const result = useQuery({ ...sceneQueryOptions(query), enabled: query.uri !== undefined });
  const last = useRef<{ scene: Scene; at: number } | null>(null);
  if (result.data && !result.isPlaceholderData) last.current = { scene: result.data, at: result.dataUpdatedAt };
  const kept = last.current && isSamePicture(last.current.scene, query) ? last.current : null;
  const scene = result.data ?? kept?.scene;
  const isLoading = query.uri !== undefined && (result.isPlaceholderData || result.isPending);
  const answered = { ...result, data: scene, dataUpdatedAt: result.dataUpdatedAt || (kept?.at ?? 0) };
  const newer = useNewer(query, scene, !isLoading && result.error === null);
  return { scene, isLoading, isLate: useLate(isLoading), newer, results: [answered] };
}

function useLate(isLoading: boolean): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    if (!isLoading) return;
    const timer = setTimeout(() => setLate(true), LATE_MS);
    return () => {
      clearTimeout(timer);
      setLate(false);
    };
  }, [isLoading]);
  return late;
}
