import type { Asset, Moment } from '@/api/generated';
import { counted, formatCount, nameOfUri } from '@/ui/format';
import { schemaChange } from './columns';
import type { RelationGroup } from './relations';

/** Something that happened to an asset. */
export interface HistoryEntry {
  readonly key: string;
  /** When it took effect. */
  readonly at: string;
  readonly text: string;
  readonly origin: string;
  readonly actor: string | null;
  /** When it became known, if that was later than a day. */
  readonly recordedAt: string | null;
}

type Json = Readonly<Record<string, unknown>>;

const DAY_MS = 86_400_000;
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const objectOf = (value: unknown): Json => (isObject(value) ? value : {});
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** What each origin changed, and since when the present relations are valid; newest first. */
export function historyOf(asset: Pick<Asset, 'history'>, groups: readonly RelationGroup[]): HistoryEntry[] {
  const entries = [...stateEntries(asset.history), ...relationEntries(groups)];
  const order = new Map(entries.map((entry, place) => [entry, place]));
  return entries.sort((a, b) => Date.parse(b.at) - Date.parse(a.at) || (order.get(b) ?? 0) - (order.get(a) ?? 0));
}

function stateEntries(history: readonly Moment[]): HistoryEntry[] {
  const earliest = Math.min(...history.filter((each) => each.origin !== 'curation').map((each) => Date.parse(each.valid_from)));
  const lastOf = new Map<string, Moment>();
  const entries: HistoryEntry[] = [];
  for (const moment of [...history].sort((a, b) => Date.parse(a.valid_from) - Date.parse(b.valid_from))) {
    const before = lastOf.get(moment.origin);
    const gap = before !== undefined && before.valid_to !== null && before.valid_to !== moment.valid_from;
    if (before && gap) entries.push(endOf(before));
    const changes = changesOf(before && !gap ? objectOf(before.state) : {}, objectOf(moment.state));
    const first = moment.origin !== 'curation' && Date.parse(moment.valid_from) === earliest && before === undefined;
    entries.push(entryOf(moment, sentence(first ? ['first seen', ...changes] : changes)));
    lastOf.set(moment.origin, moment);
  }
  for (const moment of lastOf.values()) if (moment.valid_to !== null) entries.push(endOf(moment));
  return entries;
}

const sentence = (changes: readonly string[]): string => {
  const text = changes.join('; ') || 'reported again, unchanged';
  return `${text[0]?.toUpperCase()}${text.slice(1)}`;
};

function entryOf(moment: Moment, text: string): HistoryEntry {
  const late = moment.recorded_at !== null && Date.parse(moment.recorded_at) - Date.parse(moment.valid_from) > DAY_MS;
  return {
    key: `${moment.origin} ${moment.valid_from}`,
    at: moment.valid_from,
    text,
    origin: moment.origin,
    actor: moment.actor,
    recordedAt: late ? moment.recorded_at : null,
  };
}

const endOf = (moment: Moment): HistoryEntry => ({
  key: `${moment.origin} ${moment.valid_to} end`,
  at: moment.valid_to ?? moment.valid_from,
  text: moment.origin === 'curation' ? 'What people wrote was taken back' : 'Taken back by its source',
  origin: moment.origin,
  actor: null,
  recordedAt: null,
});

/** What differs between two states of one origin, in words. */
function changesOf(before: Json, after: Json): string[] {
  const [wasProperties, isProperties] = [objectOf(before.properties), objectOf(after.properties)];
  return [
    ...(same(before.name, after.name) || before.name === undefined ? [] : ['renamed']),
    ...described(before.description, after.description),
    ...ownersChange(before.owners, after.owners),
    ...listChange(before.tags, after.tags, 'tag'),
    ...columnsChange(wasProperties, isProperties),
    ...rowsChange(wasProperties, isProperties),
    ...checksChange(wasProperties, isProperties),
    ...otherChanges(wasProperties, isProperties),
  ];
}

function described(before: unknown, after: unknown): string[] {
  if (same(before, after)) return [];
  if (after === undefined || after === null) return ['the description was taken back'];
  return [before === undefined || before === null ? 'described' : 'described anew'];
}

function ownersChange(before: unknown, after: unknown): string[] {
  if (same(before, after)) return [];
  const owners = texts(after).map((uri) => `\u2068${nameOfUri(uri)}\u2069`);
  return owners.length ? [`owned by ${owners.join(', ')}`] : ['without an owner'];
}

function listChange(before: unknown, after: unknown, what: string): string[] {
  const [was, is] = [texts(before), texts(after)];
  const [more, fewer] = [is.filter((each) => !was.includes(each)), was.filter((each) => !is.includes(each))];
  return [
    ...(more.length ? [`got the ${what}${more.length > 1 ? 's' : ''} ${more.join(', ')}`] : []),
    ...(fewer.length ? [`lost the ${what}${fewer.length > 1 ? 's' : ''} ${fewer.join(', ')}`] : []),
  ];
}

const texts = (value: unknown): string[] => (Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []);

function columnsChange(before: Json, after: Json): string[] {
  if (same(before.schema, after.schema)) return [];
  if (before.schema === undefined) return [`got ${counted(columnCount(after), 'column')}`];
  const { added, removed, retyped } = schemaChange(before, after);
  return [
    ...(added.length ? [`${counted(added.length, 'new column')}: ${few(added)}`] : []),
    ...(removed.length ? [`${counted(removed.length, 'column')} gone: ${few(removed)}`] : []),
    ...(retyped.length ? [`${counted(retyped.length, 'column')} of another type: ${few(retyped)}`] : []),
    ...(added.length + removed.length + retyped.length === 0 ? ['columns described anew'] : []),
  ];
}

const columnCount = (properties: Json): number => schemaChange({}, properties).added.length;

const FEW = 4;
const few = (names: readonly string[]): string =>
  names.length > FEW ? `${names.slice(0, FEW).join(', ')} and ${names.length - FEW} more` : names.join(', ');

function rowsChange(before: Json, after: Json): string[] {
  const [was, is] = [objectOf(before.profile).num_rows, objectOf(after.profile).num_rows];
  if (typeof is !== 'number' || was === is) return [];
  return [`${formatCount(is)} rows`];
}

function checksChange(before: Json, after: Json): string[] {
  const [was, is] = [objectOf(before.quality).assertions, objectOf(after.quality).assertions];
  if (same(was, is) || !Array.isArray(is)) return [];
  const failed = is.filter((each) => isObject(each) && each.success === false).length;
  return [`${failed ? `${failed} of ` : 'all of '}${counted(is.length, 'check')} ${failed ? 'not met' : 'met'}`];
}

/** Members that have words of their own above, and times that change with everything. */
const TOLD = new Set(['schema', 'profile', 'quality', 'updated_at', 'created_at', 'removed_tags', 'removed_links']);

const PROPERTY_WORDS: Readonly<Record<string, string>> = { links: 'links', deprecated: 'deprecation', successor: 'successor' };

function otherChanges(before: Json, after: Json): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => !TOLD.has(name));
  const changed = names.filter((name) => !same(before[name], after[name])).map((name) => PROPERTY_WORDS[name] ?? name);
  const hidden = ['removed_tags', 'removed_links'].filter((name) => !same(before[name], after[name]));
  const words = [...changed, ...hidden.map((name) => name.replaceAll('_', ' '))];
  return words.length ? [`${few(words)} changed`] : [];
}

function relationEntries(groups: readonly RelationGroup[]): HistoryEntry[] {
  return groups.flatMap((group) =>
    group.entries.map((entry) => {
      const phrase = group.label.phrase(`\u2068${entry.name}\u2069`);
      return {
        key: `${group.key} ${entry.uri}`,
        at: entry.relation.valid_from,
        text: `${phrase[0]?.toUpperCase()}${phrase.slice(1)}`,
        origin: entry.relation.origins.join(', '),
        actor: null,
        recordedAt: null,
      };
    }),
  );
}
