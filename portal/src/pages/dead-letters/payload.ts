import { formatCount } from '@/ui/format';

/** Characters of a payload that the page shows; the rest is in the answer as JSON. */
export const MOST_CHARACTERS = 20_000;

export interface Payload {
  readonly text: string;
  /** Characters that are not shown. */
  readonly left: number;
}

/** The input of a dead letter as text: what came as text stays as it is, all else is indented JSON. */
export function payloadOf(event: unknown): Payload {
  const whole = typeof event === 'string' ? event : (JSON.stringify(event, null, 2) ?? '');
  return { text: whole.slice(0, MOST_CHARACTERS), left: Math.max(0, whole.length - MOST_CHARACTERS) };
}

/** `3 dead letters wait.` with how many of them are listed, where it is not all. */
export function summaryOf(total: number, listed: number): string {
  if (total === 0) return 'No dead letter waits.';
  const waiting = total === 1 ? '1 dead letter waits' : `${formatCount(total)} dead letters wait`;
  return listed === total ? `${waiting}, oldest first.` : `${waiting}, ${formatCount(listed)} listed, oldest first.`;
}
