import type { Source } from '@/api/generated';
import { counted, formatCount, formatDuration } from '@/ui/format';

export type Condition = 'ok' | 'busy' | 'failing' | 'stopped';

/** How a source fares: an open circuit or a failure of the moment is failing, whatever its state says. */
export function conditionOf(source: Source): Condition {
  if (source.state === 'stopped') return 'stopped';
  if (source.state === 'failed' || source.error || source.circuit === 'open') return 'failing';
  return source.state === 'following' ? 'ok' : 'busy';
}

/** The state of a source in a word that agrees with its condition: a source that follows but does not answer is failing. */
export function stateWord(source: Source): string {
  return conditionOf(source) === 'failing' ? 'failing' : source.state;
}

/** Objects that were read, of how many where that is known; null where nothing was counted. */
export function progressOf({ done, total }: Source): string | null {
  if (done == null) return null;
  return total == null ? `${formatCount(done)} read` : `${formatCount(done)} of ${formatCount(total)} read`;
}

/** What stands between the source and its next request, in words; null if nothing does. */
export function pauseOf({ circuit, retry_in_s }: Source): string | null {
  if (circuit === 'half-open') return 'It is tried with one request.';
  if (circuit !== 'open') return null;
  const wait = retry_in_s == null ? '' : ` for ${formatDuration(retry_in_s)}`;
  return `It failed repeatedly and receives no requests${wait}.`;
}

/** `2 tools are connected: 1 follows, 1 fails. 3 dead letters wait.` */
export function summaryOf(sources: readonly Source[]): string {
  if (sources.length === 0) return 'No tool is connected.';
  const words: readonly [Condition, string, string][] = [
    ['ok', 'follows', 'follow'],
    ['busy', 'is being read', 'are being read'],
    ['failing', 'fails', 'fail'],
    ['stopped', 'is stopped', 'are stopped'],
  ];
  const parts = words.flatMap(([condition, one, many]) => {
    const count = sources.filter((each) => conditionOf(each) === condition).length;
    return count === 0 ? [] : [`${formatCount(count)} ${count === 1 ? one : many}`];
  });
  const waiting = sources.reduce((sum, each) => sum + (each.dead_letters ?? 0), 0);
  const letters = waiting === 0 ? '' : ` ${counted(waiting, 'dead letter')} ${waiting === 1 ? 'waits' : 'wait'}.`;
  return `${counted(sources.length, 'tool')} ${sources.length === 1 ? 'is' : 'are'} connected: ${parts.join(', ')}.${letters}`;
}
