import type { Asset } from '@/api/generated';
import { uriParts } from '@/ui/format';

export interface Check {
  readonly text: string;
  readonly met: boolean | null;
}

/** A column of a dataset; a nested one has the names of its parents before its own. */
export interface ColumnRow {
  readonly name: string;
  readonly type: string;
  readonly description: string;
  readonly depth: number;
  readonly checks: readonly Check[];
}

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const objects = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isObject) : []);
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

const MAX_DEPTH = 50;

/** The columns that sources report (`properties.schema`), parents before their fields, with the checks of each. */
export function columnsOf(properties: Json): ColumnRow[] {
  const checks = checksByColumn(properties);
  const rows: ColumnRow[] = [];
  const read = (fields: unknown, before: string, depth: number): void => {
    for (const field of objects(fields)) {
      const own = textOf(field.name);
      if (own === '') continue;
      const name = before + own;
      rows.push({
        name,
        type: textOf(field.type),
        description: textOf(field.description),
        depth,
        checks: checks.get(name) ?? [],
      });
      if (depth < MAX_DEPTH) read(field.fields, `${name}.`, depth + 1);
    }
  };
  read(properties.schema, '', 0);
  return rows;
}

function checksByColumn(properties: Json): Map<string, Check[]> {
  const quality = isObject(properties.quality) ? properties.quality : {};
  const found = new Map<string, Check[]>();
  for (const assertion of objects(quality.assertions)) {
    const column = textOf(assertion.column);
    const check = { text: checkText(assertion), met: typeof assertion.success === 'boolean' ? assertion.success : null };
    found.set(column, [...(found.get(column) ?? []), check]);
  }
  return found;
}

/** Checks of the dataset as a whole and of its columns: how many are met, of how many. */
export function checkCounts(properties: Json): { met: number; total: number } {
  const all = [...checksByColumn(properties).values()].flat();
  return { met: all.filter((check) => check.met).length, total: all.length };
}

function checkText(assertion: Json): string {
  const parameters = isObject(assertion.params) ? Object.values(assertion.params).filter(isScalar) : [];
  const words = textOf(assertion.assertion).replaceAll('_', ' ') || 'check';
  return parameters.length ? `${words} ${parameters.map(String).join(' and ')}` : words;
}

const isScalar = (value: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof value);

/** Columns whose name, type or description has every word of `text`; the case does not matter. */
export function filterColumns(rows: readonly ColumnRow[], text: string): ColumnRow[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => {
    const searched = `${row.name}\n${row.type}\n${row.description}`.toLowerCase();
    return words.every((word) => searched.includes(word));
  });
}

/** URI of a column: the dataset's name, `#`, the column, with a `#` inside either written `%23`. Null for what is no dataset. */
export function columnUri(asset: Pick<Asset, 'uri'>, column: string): string | null {
  const parts = uriParts(asset.uri);
  if (parts?.kind !== 'dataset') return null;
  const hide = (text: string) => text.replaceAll('#', '%23');
  return `mlg://column/${encodePart(parts.namespace)}/${encodePart(`${hide(parts.name)}#${hide(column)}`)}`;
}

/** Percent-encodes all but unreserved characters, as URIs of assets are written. */
const encodePart = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);

/** What differs between two schemas, by column name. */
export function schemaChange(before: Json, after: Json): { added: string[]; removed: string[]; retyped: string[] } {
  const was = new Map(columnsOf(before).map((row) => [row.name, row.type]));
  const is = new Map(columnsOf(after).map((row) => [row.name, row.type]));
  return {
    added: [...is.keys()].filter((name) => !was.has(name)),
    removed: [...was.keys()].filter((name) => !is.has(name)),
    retyped: [...is].filter(([name, type]) => was.has(name) && was.get(name) !== type).map(([name]) => name),
  };
}
