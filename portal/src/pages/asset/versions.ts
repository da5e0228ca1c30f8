import type { Asset, Moment, Relation } from '@/api/generated';
import { schemaChange } from './columns';

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A state of a dataset that a training run read: what it had then. */
export interface DatasetVersion {
  readonly seen: string;
  readonly until: string | null;
  readonly rows: number | null;
  readonly trained: readonly Relation[];
  /** Since the one before; null for the first. */
  readonly rowsMore: number | null;
  readonly columns: string;
}

const propertiesOf = (moment: Moment): Json => {
  const state = isObject(moment.state) ? moment.state : {};
  return isObject(state.properties) ? state.properties : {};
};

function rowsOf(properties: Json): number | null {
  const profile = isObject(properties.profile) ? properties.profile : {};
  return typeof profile.num_rows === 'number' ? profile.num_rows : null;
}

/** The states with a profile, newest first, each with the versions that were trained while it was current. */
export function datasetVersions(asset: Pick<Asset, 'history' | 'relations'>): DatasetVersion[] {
  const states = asset.history.filter((moment) => rowsOf(propertiesOf(moment)) !== null);
  states.sort((a, b) => Date.parse(a.valid_from) - Date.parse(b.valid_from));
  const trained = asset.relations.filter((each) => each.relation === 'trained_on' && each.direction === 'in');
  const versions = states.map((moment, place) => {
    const properties = propertiesOf(moment);
    const before = states[place - 1];
    const from = Date.parse(moment.valid_from);
    const until = moment.valid_to === null ? Number.POSITIVE_INFINITY : Date.parse(moment.valid_to);
    const rows = rowsOf(properties);
    const rowsBefore = before ? rowsOf(propertiesOf(before)) : null;
    return {
      seen: moment.valid_from,
      until: moment.valid_to,
      rows,
      trained: trained.filter((each) => Date.parse(each.valid_from) >= from && Date.parse(each.valid_from) < until),
      rowsMore: rows !== null && rowsBefore !== null ? rows - rowsBefore : null,
      columns: before ? columnsSince(propertiesOf(before), properties) : '',
    };
  });
  return versions.reverse();
}

function columnsSince(before: Json, after: Json): string {
  const { added, removed, retyped } = schemaChange(before, after);
  const parts = [listed(added, 'new'), listed(removed, 'gone'), listed(retyped, 'of another type')].filter(Boolean);
  return parts.length ? parts.join('; ') : 'same columns';
}

const NAMED = 3;

function listed(names: readonly string[], what: string): string {
  if (names.length === 0) return '';
  return names.length > NAMED ? `${names.length} columns ${what}` : `${names.join(', ')} ${what}`;
}

/** A version of a model as the model's relations have it; its metrics are in the version's own answer. */
export interface ModelVersion {
  readonly uri: string;
  readonly name: string;
  readonly since: string;
  readonly aliases: readonly string[];
}

/** The versions of a model, newest first: by number where names end in one, else by time. */
export function modelVersions(relations: readonly Relation[]): ModelVersion[] {
  const aliases = new Map<string, string[]>();
  for (const each of relations) {
    if (each.relation !== 'points_to' || each.direction !== 'out') continue;
    const listed = each.properties.aliases;
    const names = Array.isArray(listed) ? listed.filter((name) => typeof name === 'string') : [];
    aliases.set(each.target, [...(aliases.get(each.target) ?? []), ...names]);
  }
  return relations
    .filter((each) => each.relation === 'version_of' && each.direction === 'in')
    .map((each) => ({ uri: each.source, name: each.name, since: each.valid_from, aliases: aliases.get(each.source) ?? [] }))
    .sort((a, b) => numberOf(b.name) - numberOf(a.name) || Date.parse(b.since) - Date.parse(a.since));
}

const numberOf = (name: string): number => Number(/(\d+)$/.exec(name)?.[1] ?? -1);

/** What was measured of a version, by name of the metric; only numbers. */
export function metricsOf(properties: Json): Map<string, number> {
  const logged = isObject(properties.logged_model) ? properties.logged_model : {};
  const found = { ...numbers(logged.metrics), ...numbers(properties.metrics) };
  return new Map(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The parameters of a version, as text. */
export function parametersOf(properties: Json): [string, string][] {
  const logged = isObject(properties.logged_model) ? properties.logged_model : {};
  const found = { ...(isObject(logged.params) ? logged.params : {}), ...(isObject(properties.params) ? properties.params : {}) };
  return Object.entries(found)
    .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
    .map(([name, value]) => [name, String(value)]);
}

function numbers(value: unknown): Record<string, number> {
  if (!isObject(value)) return {};
  return Object.fromEntries(Object.entries(value).filter((each): each is [string, number] => typeof each[1] === 'number'));
}
