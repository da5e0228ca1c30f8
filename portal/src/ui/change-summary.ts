import type { ChangedEnd, FeedEntry } from '@/api/generated';
import { relationWords } from '@/ui/relation-words';

/** What one report changed about one asset: its own change, and its edges by what they say. */
export interface ChangeSummary {
  readonly asset: ChangedEnd;
  readonly recordedAt: string;
  readonly validFrom: string;
  readonly actor: string;
  /** By what door it came; null where it follows from runs. */
  readonly origin: string | null;
  readonly own: FeedEntry | null;
  readonly edges: readonly EdgeSummary[];
}

export interface EdgeSummary {
  readonly words: string;
  readonly targets: readonly ChangedEnd[];
}

/** Entries of a feed as summaries, in the feed's order: entries of one asset that were recorded together are one. */
export function summarise(entries: readonly FeedEntry[]): ChangeSummary[] {
  const groups = new Map<string, FeedEntry[]>();
  for (const entry of entries) {
    const key = `${entry.asset.uri} ${entry.recorded_at}`;
    const group = groups.get(key);
    if (group) group.push(entry);
    else groups.set(key, [entry]);
  }
  return [...groups.values()].flatMap((group) => {
    const first = group[0];
    if (!first) return [];
    const own = group.find((entry) => entry.relation === null) ?? null;
    const edges = edgesOf(group.filter((entry) => entry.relation !== null));
    const { asset, recorded_at, valid_from, actor } = first;
    const origin = group.find((entry) => entry.origin !== null)?.origin ?? null;
    return [{ asset, recordedAt: recorded_at, validFrom: valid_from, actor, origin, own, edges }];
  });
}

function edgesOf(entries: readonly FeedEntry[]): EdgeSummary[] {
  const byWords = new Map<string, ChangedEnd[]>();
  for (const { change, relation, target } of entries) {
    if (relation === null || target === null) continue;
    const words = edgeWords(change, relation);
    byWords.set(words, [...(byWords.get(words) ?? []), target]);
  }
  return [...byWords].map(([words, targets]) => ({ words, targets }));
}

/** `Now serves`, `Is now read by`, `Is no longer read by`, `Was trained on`. */
export function edgeWords(change: FeedEntry['change'], relation: string): string {
  const words = relationWords(relation);
  const [verb = '', ...rest] = words.split(' ');
  const isState = verb === 'is' || verb === 'was';
  const when = { appeared: 'now', ended: 'no longer', altered: 'otherwise' }[change];
  if (verb === 'was' && change === 'appeared') return capital(words);
  return isState ? capital(`${verb} ${when} ${rest.join(' ')}`) : capital(`${when} ${words}`);
}

const capital = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);

/** What happened to an asset itself, as the predicate of a sentence whose subject is its name; empty if only its edges changed. */
export function predicate({ own }: ChangeSummary): string {
  if (own === null) return '';
  if (own.change === 'appeared') return 'is new';
  if (own.change === 'ended') return 'is gone';
  return columnChanges(own).length ? 'changed its columns' : 'changed';
}

const SCHEMA = 'properties.schema.';

interface ColumnChange {
  readonly column: string;
  readonly what: 'is new' | 'is gone' | 'has another type';
}

/** The columns that an altered schema lists. */
export function columnChanges(entry: FeedEntry): ColumnChange[] {
  return entry.fields
    .filter((each) => each.field.startsWith(SCHEMA))
    .map(({ field, before, after }) => ({
      column: field.slice(SCHEMA.length),
      what: before === null ? 'is new' : after === null ? 'is gone' : 'has another type',
    }));
}

/** The other fields that were altered, as words. */
export function otherFields(entry: FeedEntry): string[] {
  const names = entry.fields
    .filter((each) => !each.field.startsWith(SCHEMA))
    .map((each) => each.field.replace('properties.', ''));
  return [...new Set(names.map((name) => name.replaceAll('_', ' ')))];
}

/** Whether a summary is about one of these assets, or about a neighbour of one. */
export function concerns(summary: ChangeSummary, uris: ReadonlySet<string>): boolean {
  return uris.has(summary.asset.uri) || summary.edges.some((edge) => edge.targets.some((target) => uris.has(target.uri)));
}

/** The summaries by the day of their recording in the reader's zone, in their order. */
export function byDay(summaries: readonly ChangeSummary[]): { day: Date; summaries: ChangeSummary[] }[] {
  const days = new Map<string, { day: Date; summaries: ChangeSummary[] }>();
  for (const summary of summaries) {
    const day = new Date(summary.recordedAt);
    const group = days.get(day.toDateString());
    if (group) group.summaries.push(summary);
    else days.set(day.toDateString(), { day, summaries: [summary] });
  }
  return [...days.values()];
}
