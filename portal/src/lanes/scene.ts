/** The answer of `GET /api/v1/scene`: lineage or impact as a table of steps and owners, folded to at most `marks` marks. */

export type Effect = 'breaks_now' | 'breaks_next_run' | 'tainted';
export type Severity = 'critical' | 'high' | 'medium' | 'low';
export type Certainty = 'certain' | 'possible';
/** Whether an asset is there at the moment: there, come at this very moment, gone before, or not there yet. */
export type Presence = 'same' | 'appeared' | 'gone' | 'later';
/** What separates the parts of a fold; `rest`: it holds what there was no room for. */
export type Split = 'group' | 'kind' | 'namespace' | 'name' | 'rest';
/** What separates a fold from its siblings; `cell`: it holds all of its cell; `cycle`: it is the box of a cycle. */
export type SeparatedBy = Split | 'cell' | 'cycle';

export interface SceneAsset {
  uri: string;
  kind: string;
  name: string;
  effect: Effect | null;
  severity: Severity | null;
  certainty: Certainty | null;
  distance: number | null;
  present: Presence;
}

/** How many assets appeared, are gone and the same since an earlier moment. */
export interface Compared {
  appeared: number;
  gone: number;
  same: number;
}

export interface SceneFold {
  /** Those that are listed; `unaffected` and `absent` ones are in none of the numbers. */
  count: number;
  /** Who came and who went, in a comparison. */
  compared?: Compared;
  unaffected: number;
  absent: number;
  label: string;
  by: SeparatedBy;
  split: Split;
  open: boolean;
  kinds: Record<string, number>;
  severities: Record<string, number>;
  effects: Record<string, number>;
  possible: number;
}

export interface SceneMark {
  id: string;
  at: [row: number, column: number];
  order: number;
  parent: string | null;
  count: number;
  /** All of it is in one cycle, which counts so many assets in all rows. */
  cycle?: { id: string; count: number };
  asset?: SceneAsset;
  fold?: SceneFold;
}

export interface SceneLink {
  from: string;
  to: string;
  count: number;
  certainty: Certainty;
}

export interface SceneRow {
  id: string;
  name: string;
  uri: string | null;
  count: number;
  /** How many rows this row stands for, if it is more than one. */
  rows?: number;
}

export interface SceneColumn {
  step: number;
  to_step: number;
  count: number;
}

export interface Moment {
  at: string;
  appeared: number;
  gone: number;
  stands_for: number;
}

export interface Scene {
  root: { uri: string; kind: string; name: string };
  direction: 'downstream' | 'upstream' | 'both';
  change: 'schema' | 'values' | 'withdraw' | 'retire' | 'any' | null;
  level: string;
  as_of: string;
  by: string;
  total: number;
  shown: number;
  folded: number;
  folds: number;
  unaffected: number;
  compared: (Compared & { from: string; total: number }) | null;
  rows: SceneRow[];
  columns: SceneColumn[];
  marks: SceneMark[];
  links: SceneLink[];
  /** What `select` selects: the mark that shows it, and the folds to open until it is a mark of its own. */
  selected: { uri: string; mark: string; open: string[] } | null;
  path: string[];
  path_assets: string[];
  moments: Moment[];
  /** Ids of `open` that opened nothing. */
  ignored: { id: string; reason: 'unknown' | 'no_room' }[];
  /** Assets that noise rules hide; in no number. */
  noise: { count: number; by_rule: Record<string, number> };
  partial: boolean;
  reason: string | null;
  watermark: number;
}

/** From the worst to the least. */
export const EFFECTS: readonly Effect[] = ['breaks_now', 'breaks_next_run', 'tainted'];
/** From the worst to the least. */
export const SEVERITIES: readonly Severity[] = ['critical', 'high', 'medium', 'low'];
