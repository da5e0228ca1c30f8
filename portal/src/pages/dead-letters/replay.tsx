import { useMutation } from '@tanstack/react-query';
import { send } from '@/api/client';
import type { Replayed } from '@/api/generated';
import type { ApiError } from '@/api/problem';
import { Band } from '@/ui/band';

export interface Outcome {
  readonly id: number;
  /** Null where the letter was processed. */
  readonly error: ApiError | null;
}

/** Processes one letter again; afterwards the list is asked for anew, since a failure changes the letter too. */
export function useReplay(refresh: () => unknown) {
  const { mutate, variables, isPending, isIdle, error } = useMutation<Replayed, ApiError, number>({
    mutationFn: (id) => send({ method: 'POST', path: `/api/v1/dead-letters/${id}/replay` }),
    onSettled: refresh,
  });
  const outcome: Outcome | null = isIdle || isPending || variables === undefined ? null : { id: variables, error };
  return { start: (id: number) => mutate(id), running: isPending ? (variables ?? null) : null, outcome };
}

/** What became of the last replay, and who can act where it is not allowed. */
export function ReplayBand({ outcome }: { outcome: Outcome | null }) {
  if (outcome === null) return null;
  const { id, error } = outcome;
  if (error === null) return <Band tone="acc" shape="ok" head={`Dead letter ${id} was processed.`} />;
  if (error.isForbidden) {
    return (
      <Band tone="bad" shape="unmet" head={`You may not replay dead letter ${id}.`}>
        <span dir="auto">{error.detail}</span> An owner of this server gives out a token that may.
      </Band>
    );
  }
  return (
    <Band tone="bad" shape="unmet" head={`Dead letter ${id} stays.`}>
      <span dir="auto">{error.isUnreachable ? 'The server does not answer.' : error.detail || error.title}</span>
    </Band>
  );
}
