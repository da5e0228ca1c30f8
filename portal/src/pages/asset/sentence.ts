import { counted, kindWord } from '@/ui/format';
import type { RelationGroup } from './relations';

const MAX_NAME = 60;
const MAX_CLAUSES = 4;

/** Relations that say nothing new beside the owner, or that have a place of their own on the page. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  'owned_by out',
  'alias_of in',
  'alias_of out',
  'similar_to in',
  'similar_to out',
]);

/** The answer in a sentence: "Written by ratings.load, read by 12 workflows, 9 model versions trained on it." Empty without relations. */
export function relationSentence(groups: readonly RelationGroup[]): string {
  const said = groups.filter((group) => !ELSEWHERE.has(`${group.relation} ${group.direction}`));
  const clauses = said.slice(0, MAX_CLAUSES).map(clause);
  const first = clauses[0];
  if (first === undefined) return '';
  const all = clauses.join(', ');
  return `${all[0]?.toUpperCase()}${all.slice(1)}.`;
}

function clause(group: RelationGroup): string {
  const [only] = group.entries;
  const single = group.entries.length === 1 && only !== undefined && only.name.length <= MAX_NAME;
  const others = single ? isolated(only.name) : counted(group.entries.length, kindWord(group.kind), plural(group.kind));
  return group.label.phrase(others);
}

const IRREGULAR: Readonly<Record<string, string>> = { person: 'people', policy: 'policies', index: 'indexes' };

/** Plural of the word for a kind. */
export const plural = (kind: string): string => IRREGULAR[kind] ?? `${kindWord(kind)}s`;

/** A name within a sentence, isolated for direction (Unicode FSI and PDI): a right-to-left name does not turn the sentence around. */
const isolated = (name: string): string => `\u2068${name}\u2069`;
