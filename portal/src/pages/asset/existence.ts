import type { Asset } from '@/api/generated';

/** What there is of an asset at the moment of the answer. */
export type Existence =
  | { readonly is: 'present' }
  /** Its sources took it back. */
  | { readonly is: 'deleted'; readonly at: string }
  /** Edges name it, and no source has described it. */
  | { readonly is: 'referenced' }
  /** What is known about it begins later. */
  | { readonly is: 'future'; readonly from: string };

export function existenceOf(asset: Asset): Existence {
  if (asset.deleted_at !== null) return { is: 'deleted', at: asset.deleted_at };
  if (asset.referenced_only) return { is: 'referenced' };
  if (asset.valid_from !== null) return { is: 'present' };
  const later = asset.history.map((state) => state.valid_from).find((from) => Date.parse(from) > Date.parse(asset.as_of));
  return later === undefined ? { is: 'present' } : { is: 'future', from: later };
}
