import type { DeployedCoverage } from '@/api/generated';
import { counted, formatCount } from '@/ui/format';

export const ASPECTS = ['dataset', 'owner', 'commit', 'evaluation', 'experiment', 'reference'] as const;
export type Aspect = (typeof ASPECTS)[number];

export interface Reached {
  readonly aspect: Aspect;
  readonly reached: number;
  readonly expected: number;
  /** From 0 to 1; null where none is expected. */
  readonly share: number | null;
}

/** How many versions reach each aspect, of those that should. */
export function reachedOf({ reaching, expected }: Pick<DeployedCoverage, 'reaching' | 'expected'>): Reached[] {
  return ASPECTS.map((aspect) => ({
    aspect,
    reached: reaching[aspect],
    expected: expected[aspect],
    share: expected[aspect] === 0 ? null : Math.min(1, reaching[aspect] / expected[aspect]),
  }));
}

/** Nothing serves, and nothing lacks a model: a variant can run before a version of it serves. */
export function isEmpty({ deployed, total }: Pick<DeployedCoverage, 'deployed' | 'total'>): boolean {
  return deployed === 0 && total === 0;
}

/** `9 versions serve. 4 gaps.` */
export function summaryOf({ deployed, total }: Pick<DeployedCoverage, 'deployed' | 'total'>): string {
  if (isEmpty({ deployed, total })) return 'No model version serves.';
  const gaps = total === 0 ? 'No gap is known.' : `${counted(total, 'gap')} to mend.`;
  if (deployed === 0) return `No model version serves. ${gaps}`;
  return `${formatCount(deployed)} model ${deployed === 1 ? 'version serves' : 'versions serve'}. ${gaps}`;
}
