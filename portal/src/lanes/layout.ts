import type { Cell, Node, Picture } from './picture';
import { isOpen } from './picture';

/** Sizes in CSS pixels; lanes.css has the same. */
export const SIZES = {
  mark: 28,
  fold: 40,
  /** The second edge of a fold, which says that there is more inside. */
  edge: 3,
  opened: 24,
  gap: 4,
  pad: 8,
  gutter: 16,
  team: 128,
  head: 36,
  row: 54,
  wideRow: 62,
  /** The line and the space at the left of the parts of a fold. */
  indent: 6,
  deepIndent: 4,
  /** What the name of its team adds to a cell that slid down. */
  slid: 11,
} as const;

const CHROME = 54;
const WIDEST = 210;
const LEAST = { small: 100, large: 86 } as const;
const LARGE_WIDEST = 128;
const ROOT_WIDTH = 116;

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface CellBox extends Box {
  cell: Cell;
  /** It lies below its row because the column above it has grown: it says its team itself. */
  slid: boolean;
}

export interface Layout {
  columns: { x: number; width: number }[];
  rows: { y: number; height: number }[];
  cells: CellBox[];
  marks: Map<string, Box>;
  width: number;
  height: number;
}

/** The width of a text in the font of the marks, in pixels. */
export type Measure = (text: string) => number;

/**
 * Places every mark in a picture that is `room` pixels wide. Columns and rows take their places from the folds as they are
 * when closed, so that opening one moves only what lies below it in its own column.
 */
export function layout(picture: Picture, room: number, measure: Measure): Layout {
  const columns = placeColumns(picture, room, measure);
  const rows = placeRows(picture, measure);
  const marks = new Map<string, Box>();
  const cells: CellBox[] = [];
  const bottoms = columns.map(() => 0);
  for (const cell of picture.cells) {
    const column = columns[cell.column];
    const row = rows[cell.row];
    if (!column || !row) continue;
    const above = bottoms[cell.column] ?? 0;
    const slid = above > row.y + 1;
    const y = slid ? above + SIZES.gap : row.y;
    const top = y + SIZES.pad + (slid ? SIZES.slid : 0);
    const bottom = stack(cell.tops, { x: column.x, y: top, width: column.width }, picture.large, marks);
    const height = bottom + SIZES.pad - y;
    cells.push({ cell, slid, x: column.x, y, width: column.width, height });
    bottoms[cell.column] = y + height;
  }
  const last = rows.at(-1);
  const lowest = Math.max(last ? last.y + last.height : SIZES.head, ...bottoms);
  const right = columns.at(-1);
  return { columns, rows, cells, marks, width: right ? right.x + right.width : SIZES.team, height: lowest + 6 };
}

export function heightOf(node: Node, large: boolean): number {
  if (!node.mark.fold) return SIZES.mark;
  return (large ? SIZES.fold : SIZES.mark) + SIZES.edge;
}

/** Puts marks below each other and returns the lower edge. The second edge of a fold belongs to its height. */
function stack(nodes: readonly Node[], at: Omit<Box, 'height'>, large: boolean, marks: Map<string, Box>): number {
  let y = at.y;
  nodes.forEach((node, index) => {
    if (index) y += SIZES.gap;
    if (isOpen(node)) {
      marks.set(node.id, { x: at.x, y, width: at.width, height: SIZES.opened });
      const indent = node.depth ? SIZES.deepIndent : SIZES.indent;
      const inside = { x: at.x + indent, y: y + SIZES.opened + SIZES.gap, width: at.width - indent };
      y = node.children.length ? stack(node.children, inside, large, marks) : y + SIZES.opened;
    } else {
      const height = heightOf(node, large);
      marks.set(node.id, { x: at.x, y, width: at.width, height: height - (node.mark.fold ? SIZES.edge : 0) });
      y += height;
    }
  });
  return y;
}

function placeColumns(picture: Picture, room: number, measure: Measure): { x: number; width: number }[] {
  const count = picture.scene.columns.length;
  const free = room - SIZES.team - SIZES.gutter * Math.max(0, count - 1);
  const widths = picture.large ? largeWidths(picture, free) : smallWidths(picture, free, measure);
  let x: number = SIZES.team;
  return widths.map((width) => {
    const place = { x, width };
    x += width + SIZES.gutter;
    return place;
  });
}

function largeWidths(picture: Picture, free: number): number[] {
  const root = picture.root?.column ?? -1;
  const others = picture.scene.columns.length - (root < 0 ? 0 : 1);
  const each = Math.max(
    LEAST.large,
    Math.min(LARGE_WIDEST, Math.floor((free - (root < 0 ? 0 : ROOT_WIDTH)) / Math.max(1, others))),
  );
  return picture.scene.columns.map((_, column) => (column === root ? ROOT_WIDTH : each));
}

/** Columns take what their names need; the widest give first. */
function smallWidths(picture: Picture, free: number, measure: Measure): number[] {
  const widths = picture.scene.columns.map(() => 88);
  for (const cell of picture.cells)
    for (const node of cell.tops) {
      const needed = Math.min(WIDEST, Math.ceil(measure(node.mark.asset?.name ?? '0,000 evaluations')) + CHROME);
      widths[cell.column] = Math.max(widths[cell.column] ?? 0, needed);
    }
  let over = widths.reduce((sum, width) => sum + width, 0) - free;
  while (over > 0) {
    const widest = Math.max(...widths);
    if (widest <= LEAST.small) break;
    const next = Math.max(LEAST.small, ...widths.filter((width) => width < widest));
    const giving = widths.filter((width) => width === widest).length;
    const by = Math.min(widest - next, Math.ceil(over / giving));
    for (const [column, width] of widths.entries()) if (width === widest) widths[column] = width - by;
    over -= by * giving;
  }
  return widths;
}

function placeRows(picture: Picture, measure: Measure): { y: number; height: number }[] {
  const heights: number[] = picture.scene.rows.map((row) => (measure(row.name) > SIZES.team - 20 ? SIZES.wideRow : SIZES.row));
  for (const cell of picture.cells) {
    const marks = cell.tops.reduce((sum, node) => sum + heightOf(node, picture.large) + SIZES.gap, -SIZES.gap);
    heights[cell.row] = Math.max(heights[cell.row] ?? 0, 2 * SIZES.pad + marks);
  }
  let y: number = SIZES.head;
  return heights.map((height) => {
    const place = { y, height };
    y += height;
    return place;
  });
}
