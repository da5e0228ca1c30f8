import type { Relation } from '@/api/generated';
import { uriParts } from '@/ui/format';
import { type RelationLabel, relationLabel, relationPlace } from './relation-labels';

/** The other end of a relation. */
export interface RelationEntry {
  readonly uri: string;
  readonly name: string;
  readonly relation: Relation;
  /** Every origin is a rule: nobody reported it. */
  readonly inferred: boolean;
  readonly possible: boolean;
  /** What the edge itself says: a role, a version, aliases, a weight. */
  readonly note: string;
}

/** The relations of one name and direction whose other ends are of one kind. */
export interface RelationGroup {
  readonly key: string;
  readonly relation: string;
  readonly direction: 'in' | 'out';
  readonly label: RelationLabel;
  readonly kind: string;
  readonly entries: readonly RelationEntry[];
  readonly inferred: boolean;
}

export interface GroupedRelations {
  readonly groups: readonly RelationGroup[];
  /** Relations with runs, which are left out unless asked for: there is one for every run of a workflow. */
  readonly runs: number;
  readonly shown: number;
}

const otherEnd = (relation: Relation): string => (relation.direction === 'out' ? relation.target : relation.source);

const ownEnd = (relation: Relation): string => (relation.direction === 'out' ? relation.source : relation.target);

const isRun = (uri: string): boolean => uri.startsWith('mlg://run/');

/** Groups relations by what they mean for the asset; runs are counted, and listed only with `withRuns`. */
export function groupRelations(relations: readonly Relation[], withRuns: boolean): GroupedRelations {
  const listed = withRuns ? relations : relations.filter((each) => !isRun(otherEnd(each)));
  const byKey = new Map<string, Relation[]>();
  for (const relation of listed) {
    const kind = uriParts(otherEnd(relation))?.kind ?? '';
    const key = `${relation.relation} ${relation.direction} ${kind}`;
    const known = byKey.get(key);
    if (known) known.push(relation);
    else byKey.set(key, [relation]);
  }
  const groups = [...byKey].map(([key, members]) => groupOf(key, members));
  groups.sort(
    (a, b) => relationPlace(a.relation, a.direction) - relationPlace(b.relation, b.direction) || compare(a.kind, b.kind),
  );
  return { groups, runs: relations.filter((each) => isRun(otherEnd(each))).length, shown: listed.length };
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function groupOf(key: string, members: readonly Relation[]): RelationGroup {
  const [relation = '', direction = 'out', kind = ''] = key.split(' ');
  const way = direction === 'in' ? 'in' : 'out';
  const entries = members.map(entryOf).sort((a, b) => compare(a.name, b.name) || compare(a.uri, b.uri));
  const own = uriParts(members[0] ? ownEnd(members[0]) : '')?.kind;
  const label = relationLabel(relation, way, own);
  return { key, relation, direction: way, label, kind, entries, inferred: entries.every((each) => each.inferred) };
}

function entryOf(relation: Relation): RelationEntry {
  return {
    uri: otherEnd(relation),
    name: relation.name,
    relation,
    inferred: relation.origins.length > 0 && relation.origins.every((origin) => origin.startsWith('rule:')),
    possible: relation.certainty === 'possible',
    note: noteOf(relation.properties),
  };
}

/** What a reader wants to know of an edge's properties, short. */
function noteOf(properties: Readonly<Record<string, unknown>>): string {
  const { role, aliases, weight, requirement, score } = properties;
  const notes = [
    typeof role === 'string' ? role : '',
    Array.isArray(aliases) ? aliases.filter((each) => typeof each === 'string').join(', ') : '',
    typeof requirement === 'string' ? requirement : '',
    typeof weight === 'number' ? `weight ${weight}` : '',
    typeof score === 'number' ? `score ${score.toFixed(2)}` : '',
  ];
  return notes.filter(Boolean).join(', ');
}
