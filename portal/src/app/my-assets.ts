import { LocalValue, useLocal } from './local-store';

/** An asset that this browser keeps in mind, with the name that it had. */
export interface KeptAsset {
  readonly uri: string;
  readonly kind: string;
  readonly name: string;
  /** When it was opened or pinned, in ms since 1970. */
  readonly at: number;
}

const MOST_RECENT = 12;
const MOST_PINNED = 50;

const recent = new LocalValue('mlgraph.recent', keptAssets);
const pinned = new LocalValue('mlgraph.pinned', keptAssets);

function keptAssets(stored: unknown): readonly KeptAsset[] {
  return Array.isArray(stored) ? stored.filter(isKept) : [];
}

function isKept(value: unknown): value is KeptAsset {
  if (typeof value !== 'object' || value === null) return false;
  const { uri, kind, name, at } = value as Record<string, unknown>;
  return typeof uri === 'string' && typeof kind === 'string' && typeof name === 'string' && typeof at === 'number';
}

/** The assets that were opened last, latest first. */
export const useRecent = (): readonly KeptAsset[] => useLocal(recent);

/** The assets that were pinned, latest first. */
export const usePinned = (): readonly KeptAsset[] => useLocal(pinned);

/** Notes that an asset was opened: its page calls this when it has its name. */
export function noteOpened(asset: Omit<KeptAsset, 'at'>): void {
  recent.set(withFirst(recent.get(), asset, MOST_RECENT));
}

/** Pins an asset to the start page, or takes it off. */
export function togglePinned(asset: Omit<KeptAsset, 'at'>): void {
  const before = pinned.get();
  const others = before.filter((each) => each.uri !== asset.uri);
  pinned.set(others.length < before.length ? others : withFirst(before, asset, MOST_PINNED));
}

/** `before` with `asset` in front of it, each asset once. */
export function withFirst(
  before: readonly KeptAsset[],
  { uri, kind, name }: Omit<KeptAsset, 'at'>,
  most: number,
  at = Date.now(),
): readonly KeptAsset[] {
  return [{ uri, kind, name, at }, ...before.filter((each) => each.uri !== uri)].slice(0, most);
}
