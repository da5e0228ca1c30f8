import type { Asset } from '@/api/generated';

/** What people can write about an asset, in the order of the API. */
export const FIELDS = ['description', 'owners', 'tags', 'links', 'deprecated', 'successor'] as const;
export type Field = (typeof FIELDS)[number];

interface Part {
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
}

/** Body of `PATCH /api/v1/asset`: null takes back what people wrote. */
export interface Annotation {
  readonly description?: string | null;
  readonly owners?: readonly string[] | null;
  readonly tags?: Part | null;
  readonly links?: Part | null;
  readonly deprecated?: boolean | null;
  readonly successor?: string | null;
}

type Fields = Pick<Asset, 'fields'>;

/** Whether people decided the value of a field, or changed a part of it. */
export function isCurated(asset: Fields, field: Field): boolean {
  const known = asset.fields[field];
  if (known === undefined) return false;
  return field === 'tags' || field === 'links' ? known.added !== undefined : known.origin === 'curation';
}

/**
 * Requests that bring what people wrote in `field` back to what `before` says, one after the other.
 * Parts of tags and links that were written before are taken back and written again, because to remove an added tag
 * would also hide the same tag of a source.
 */
export function undoOf(field: Field, before: Fields): Annotation[] {
  const known = before.fields[field];
  if (!isCurated(before, field) || known === undefined) return [{ [field]: null }];
  if (field !== 'tags' && field !== 'links') return [{ [field]: known.value } as Annotation];
  const add = known.added ?? [];
  const remove = known.removed ?? [];
  if (add.length === 0 && remove.length === 0) return [{ [field]: null }];
  return [{ [field]: null }, { [field]: { ...(add.length ? { add } : {}), ...(remove.length ? { remove } : {}) } }];
}

/** The one field that a change is about. */
export const fieldOf = (change: Annotation): Field | undefined => FIELDS.find((field) => field in change);

const WORDS: Readonly<Record<Field, string>> = {
  description: 'The description',
  owners: 'The owners',
  tags: 'The tags',
  links: 'The links',
  deprecated: 'The deprecation',
  successor: 'The successor',
};

export const fieldWords = (field: Field): string => WORDS[field];
export const isPlural = (field: Field): boolean => field === 'owners' || field === 'tags' || field === 'links';
