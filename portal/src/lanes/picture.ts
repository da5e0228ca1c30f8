import type { Effect, Scene, SceneFold, SceneMark, Severity } from './scene';
import { EFFECTS, SEVERITIES } from './scene';

/** A mark with its place in the tree of folds. */
export interface Node {
  id: string;
  mark: SceneMark;
  row: number;
  column: number;
  depth: number;
  parent: Node | null;
  children: Node[];
  /** The picture shows a moment that someone chose. */
  past: boolean;
}

/** The marks where a row and a column cross. */
export interface Cell {
  row: number;
  column: number;
  tops: Node[];
}

/** A scene as the tree that is drawn. */
export interface Picture {
  scene: Scene;
  nodes: Map<string, Node>;
  /** In the order of rows, then columns. */
  cells: Cell[];
  root: Node | null;
  /** It compares two moments. */
  compares: boolean;
  /** Whole cells are folded: the marks are taller, and only the links of the focused one are drawn. */
  large: boolean;
}

/** What a mark counts: how many, of which effects, severities and kinds, and how many are only possible. */
export interface Tally {
  count: number;
  effects: Partial<Record<Effect, number>>;
  severities: Partial<Record<Severity, number>>;
  kinds: Record<string, number>;
  possible: number;
}

export interface PictureOptions {
  /** The scene is of a moment that someone chose. */
  readonly past?: boolean;
  /** The scene compares two moments. */
  readonly compares?: boolean;
}

/** Returns the tree of the marks. Marks of a fold follow each other by `order`. */
export function picture(scene: Scene, { past = false, compares = false }: PictureOptions = {}): Picture {
  const nodes = new Map<string, Node>();
  for (const mark of scene.marks) {
    const [row, column] = mark.at;
    nodes.set(mark.id, { id: mark.id, mark, row, column, depth: 0, parent: null, children: [], past });
  }
  const cells = new Map<string, Cell>();
  for (const node of nodes.values()) {
    const parent = node.mark.parent === null ? undefined : nodes.get(node.mark.parent);
    if (parent) {
      node.parent = parent;
      parent.children.push(node);
      continue;
    }
    const key = `${node.row}.${node.column}`;
    const cell = cells.get(key) ?? { row: node.row, column: node.column, tops: [] };
    cell.tops.push(node);
    cells.set(key, cell);
  }
  const ordered = [...cells.values()].sort((a, b) => a.row - b.row || a.column - b.column);
  for (const cell of ordered) settle(cell.tops, 0);
  const root = [...nodes.values()].find((node) => node.mark.asset?.uri === scene.root.uri) ?? null;
  return { scene, compares, nodes, cells: ordered, root, large: ordered.some((cell) => cell.tops.some(isWholeCell)) };
}

function settle(siblings: Node[], depth: number): void {
  siblings.sort((a, b) => a.mark.order - b.mark.order);
  for (const node of siblings) {
    node.depth = depth;
    settle(node.children, depth + 1);
  }
}

/** A fold with all of its cell: it has no name, and icons say what is in it. */
export function isWholeCell(node: Node): boolean {
  return node.mark.fold?.by === 'cell';
}

/** The box of a cycle. */
export function isCycle(node: Node): boolean {
  return node.mark.fold?.by === 'cycle';
}

export function isOpen(node: Node): boolean {
  return node.mark.fold?.open === true;
}

/** A fold with what there was no room for, open or not. */
export function isRest({ mark }: Node): boolean {
  return mark.fold?.by === 'rest';
}

/** A place that is kept for an asset which is not there yet. What is gone is crossed out in the past, and an empty place now. */
export function isEmptyPlace(node: Node): boolean {
  const present = node.mark.asset?.present;
  return present === 'later' || (present === 'gone' && !node.past);
}

/** Every node, parents before their parts, in the order of reading: rows, columns, order. */
export function* inOrder(picture: Picture): Generator<Node> {
  for (const cell of picture.cells) yield* walk(cell.tops);
}

export function* walk(nodes: readonly Node[]): Generator<Node> {
  for (const node of nodes) {
    yield node;
    yield* walk(node.children);
  }
}

/** What is counted by a mark; an opened fold counts what its parts count. */
export function tally(mark: SceneMark): Tally {
  if (mark.fold) return foldTally(mark.fold);
  const result: Tally = { count: mark.count, effects: {}, severities: {}, kinds: {}, possible: 0 };
  if (!mark.asset || mark.count === 0) return result;
  const { effect, severity, kind, certainty } = mark.asset;
  result.kinds[kind] = 1;
  if (effect) result.effects[effect] = 1;
  if (severity) result.severities[severity] = 1;
  if (certainty === 'possible') result.possible = 1;
  return result;
}

function foldTally(fold: SceneFold): Tally {
  const { count, effects, severities, kinds, possible } = fold;
  return { count, effects, severities, kinds, possible };
}

/** The sum over marks that have a count: every asset is in exactly one of them. */
export function conserved(scene: Scene): number {
  return scene.marks.reduce((sum, mark) => sum + mark.count, 0);
}

/** Adds up tallies, such as those of one row. */
export function add(tallies: readonly Tally[]): Tally {
  const sum: Tally = { count: 0, effects: {}, severities: {}, kinds: {}, possible: 0 };
  for (const each of tallies) {
    sum.count += each.count;
    sum.possible += each.possible;
    for (const effect of EFFECTS) increase(sum.effects, effect, each.effects[effect]);
    for (const severity of SEVERITIES) increase(sum.severities, severity, each.severities[severity]);
    for (const [kind, count] of Object.entries(each.kinds)) increase(sum.kinds, kind, count);
  }
  return sum;
}

function increase<Key extends string>(counts: Partial<Record<Key, number>>, key: Key, by: number | undefined): void {
  if (by) counts[key] = (counts[key] ?? 0) + by;
}

export function worstSeverity(counted: Tally): Severity | null {
  return SEVERITIES.find((severity) => counted.severities[severity]) ?? null;
}

export function worstEffect(counted: Tally): Effect | null {
  return EFFECTS.find((effect) => counted.effects[effect]) ?? null;
}
