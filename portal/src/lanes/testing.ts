/** Scenes for tests. */
import type { Certainty, Compared, Effect, Scene, SceneAsset, SceneLink, SceneMark, SeparatedBy, Severity, Split } from './scene';

export interface AssetSpec {
  id: string;
  at: [number, number];
  name?: string;
  kind?: string;
  effect?: Effect;
  severity?: Severity;
  certainty?: Certainty;
  present?: SceneAsset['present'];
  parent?: string;
  order?: number;
  count?: 0 | 1;
}

export function asset(spec: AssetSpec): SceneMark {
  const { id, at, name = id, kind = 'dataset', effect = null, severity = null, certainty = 'certain', present = 'same' } = spec;
  const uri = `mlg://${kind}/ns/${name}`;
  return {
    id,
    at,
    order: spec.order ?? 0,
    parent: spec.parent ?? null,
    count: spec.count ?? 1,
    asset: { uri, kind, name, effect, severity, certainty, distance: at[1], present },
  };
}

export interface FoldSpec {
  id: string;
  at: [number, number];
  count: number;
  by?: SeparatedBy;
  compared?: Compared;
  cycle?: number;
  open?: boolean;
  split?: Split;
  label?: string;
  unaffected?: number;
  absent?: number;
  kinds?: Record<string, number>;
  effects?: Record<string, number>;
  possible?: number;
  parent?: string;
  order?: number;
}

export function fold(spec: FoldSpec): SceneMark {
  const {
    id,
    at,
    count,
    open = false,
    split = 'kind',
    label = '2 kinds',
    by = 'cell',
    kinds = {},
    effects = {},
    possible = 0,
  } = spec;
  const { unaffected = 0, absent = 0 } = spec;
  return {
    id,
    at,
    order: spec.order ?? 0,
    parent: spec.parent ?? null,
    count: open ? 0 : count,
    ...(spec.cycle === undefined ? {} : { cycle: { id: 'c1', count: spec.cycle } }),
    fold: {
      ...{ count, unaffected, absent, label, by, split, open, kinds, severities: {}, effects, possible },
      ...(spec.compared === undefined ? {} : { compared: spec.compared }),
    },
  };
}

export function link(from: string, to: string, certainty: Certainty = 'certain'): SceneLink {
  return { from, to, count: 1, certainty };
}

/** A scene of these marks; the first asset is the root. Rows are r0, r1 and so on. */
export function sceneOf(marks: SceneMark[], links: SceneLink[] = [], more: Partial<Scene> = {}): Scene {
  const rows = Math.max(...marks.map((mark) => mark.at[0])) + 1;
  const columns = Math.max(...marks.map((mark) => mark.at[1])) + 1;
  const root = marks.find((mark) => mark.asset)?.asset;
  const folds = marks.filter((mark) => mark.fold && mark.count > 0);
  const total = marks.reduce((sum, mark) => sum + mark.count, 0);
  const folded = folds.reduce((sum, mark) => sum + mark.count, 0);
  return {
    root: { uri: root?.uri ?? '', kind: root?.kind ?? '', name: root?.name ?? '' },
    direction: 'downstream',
    change: null,
    level: 'asset',
    as_of: '2026-11-01T00:00:00Z',
    by: 'team',
    total,
    shown: total - folded,
    folded,
    folds: folds.length,
    unaffected: 0,
    compared: null,
    rows: Array.from({ length: rows }, (_, index) => ({ id: `r${index}`, name: `r${index}`, uri: null, count: 0 })),
    columns: Array.from({ length: columns }, (_, step) => ({ step, to_step: step, count: 0 })),
    marks,
    links,
    selected: null,
    path: [],
    path_assets: [],
    moments: [],
    ignored: [],
    noise: { count: 0, by_rule: {} },
    partial: false,
    reason: null,
    watermark: 1,
    ...more,
  };
}

/** A width of 6 pixels a character. */
export const measure = (text: string): number => text.length * 6;

/** Numbers from 0 to 1 that are the same in every run (mulberry32). */
export function randoms(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
