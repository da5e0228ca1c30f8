import { useRouter } from '@tanstack/react-router';
import { useCallback } from 'react';
import { useWatermark } from '@/api/watermark';
import { useKey } from './keys';
import type { SharedSearch } from './root-route';

/** The parameters that fix what an address shows: its moment, and a write that every answer to it includes. */
export function pinnedSearch(now: SharedSearch, watermark: number | null, at = new Date()): SharedSearch {
  return {
    ...now,
    as_of: now.as_of ?? at.toISOString().replace(/\.\d+Z$/, 'Z'),
    at_least: now.at_least ?? (watermark === null ? undefined : String(watermark)),
  };
}

/** `y`: writes the moment into the address, so that it shows the same tomorrow (the page says so by its frame). */
export function usePermalinkKey(): void {
  const { watermark } = useWatermark();
  const router = useRouter();
  useKey(
    'y',
    'permalink: fix this moment in the address',
    useCallback(
      () => void router.navigate({ to: '.', search: (now: object) => pinnedSearch(now, watermark) as never }),
      [router, watermark],
    ),
  );
}
