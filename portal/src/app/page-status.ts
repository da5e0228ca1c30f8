import type { ApiError } from '@/api/problem';
import { asApiError } from '@/api/problem';
import { useWatermark, type Watermark } from '@/api/watermark';

/** The words of `data-state` on <main>. */
export type PageState = 'loading' | 'ready' | 'empty' | 'partial' | 'stale' | 'error' | 'forbidden';

/** The part of a query's result (TanStack Query) that decides the state of a page. */
export interface QueryResult {
  readonly data?: unknown;
  readonly error: Error | null;
  readonly dataUpdatedAt: number;
  readonly refetch: () => unknown;
}

export interface PageStatus {
  readonly state: PageState;
  readonly error: ApiError | null;
  /** When the answer on the page was received; 0 without one. */
  readonly answeredAt: number;
  readonly hasAnswer: boolean;
  readonly watermark: Watermark | null;
  /** Why the answer was cut, where it was. */
  readonly cut: string | null;
  readonly retry: () => void;
}

export interface Judgement {
  readonly empty?: boolean | undefined;
  /** The `reason` of a partial answer. */
  readonly cut?: string | null | undefined;
}

/** State of a page that shows `queries`, all of which it needs. The most serious one wins. */
export function statusOf(
  queries: readonly QueryResult[],
  judgement: Judgement = {},
  watermark: Watermark | null = null,
): PageStatus {
  const failed = queries.find((query) => query.error);
  const error = failed?.error ? asApiError(failed.error) : null;
  const hasAnswer = queries.every((query) => query.data !== undefined);
  const answeredAt = hasAnswer && queries.length ? Math.min(...queries.map((query) => query.dataUpdatedAt)) : 0;
  const retry = () => {
    for (const query of queries) if (query.error) query.refetch();
  };
  const cut = hasAnswer ? (judgement.cut ?? null) : null;
  const state = stateOf(error, hasAnswer, cut, watermark, judgement.empty ?? false);
  return { state, error, answeredAt, hasAnswer, watermark, cut, retry };
}

function stateOf(
  error: ApiError | null,
  hasAnswer: boolean,
  cut: string | null,
  watermark: Watermark | null,
  empty: boolean,
): PageState {
  if (error) return error.isForbidden ? 'forbidden' : 'error';
  if (watermark?.state === 'lost') return 'error';
  if (!hasAnswer) return 'loading';
  if (cut !== null) return 'partial';
  if (watermark?.state === 'behind') return 'stale';
  return empty ? 'empty' : 'ready';
}

/** As `statusOf`, with how current the server is. */
export function usePageStatus(queries: readonly QueryResult[], judgement: Judgement = {}): PageStatus {
  return statusOf(queries, judgement, useWatermark());
}
