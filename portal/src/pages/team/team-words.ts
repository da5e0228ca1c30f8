import type { Team } from '@/api/generated';
import { counted } from '@/ui/format';

/** The answer in one sentence: what the team owns, and which teams are at its edges. */
export function teamSummary(team: Team): string {
  const up = team.depends_on.filter((each) => each.team !== null).length;
  const down = team.depended_on_by.filter((each) => each.team !== null).length;
  const owns = team.total === 0 ? 'It owns nothing' : `It owns ${counted(team.total, 'asset')}`;
  const members = counted(team.members_total, 'member');
  return `${owns}, has ${members}, reads from ${counted(up, 'other team')} and is read by ${counted(down, 'other team')}.`;
}

/** The kinds that a team owns, the most frequent first; kinds of equal count by name. */
export function ownedKinds(owns: Readonly<Record<string, number>>): readonly (readonly [kind: string, count: number])[] {
  return Object.entries(owns)
    .filter(([, count]) => count > 0)
    .sort(([kindA, a], [kindB, b]) => b - a || kindA.localeCompare(kindB));
}
