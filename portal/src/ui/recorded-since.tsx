import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { RecordedSince as Recorded } from '@/api/generated';
import { apiQuery } from '@/api/queries';
import { momentOf } from '@/app/params';
import { Band } from './band';
import { formatCount } from './format';

const root = getRouteApi('__root__');
const AGAIN_MS = 30_000;
const WATERMARK = /^\d{1,15}$/;

/** The band of a pinned page: how many facts about its time were recorded after the link was made. Nothing where there are none. */
export function RecordedSince() {
  const { as_of, at_least } = root.useSearch();
  const isPinned = as_of !== undefined && momentOf(as_of) !== null && at_least !== undefined && WATERMARK.test(at_least);
  const { data } = useQuery({
    ...apiQuery('/api/v1/recorded', { as_of: as_of ?? '', after: Number(at_least) }),
    enabled: isPinned,
    refetchInterval: AGAIN_MS,
  });
  const text = isPinned && data ? recordedText(data) : null;
  return text && <Band tone="past" head={text} />;
}

/** The sentence about the facts that were recorded since; null: there are none. */
export function recordedText({ total, total_is }: Pick<Recorded, 'total' | 'total_is'>): string | null {
  if (total_is === 'at_least') {
    return total === 0
      ? 'Much was recorded since this link was made, and not all of it was looked through. This may have changed.'
      : `At least ${formatCount(total)} facts about this time were recorded since this link was made.`;
  }
  if (total === 0) return null;
  const facts = total === 1 ? '1 fact about this time was' : `${formatCount(total)} facts about this time were`;
  return `${facts} recorded since this link was made.`;
}
