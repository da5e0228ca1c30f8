import type { Links } from './paths';
import type { Node, Picture } from './picture';
import { inOrder, isEmptyPlace, isOpen } from './picture';

export type Move = 'left' | 'right' | 'up' | 'down' | 'home' | 'end';

export const MOVES: Record<string, Move> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
  Home: 'home',
};

/** The id under which the opener of a row that stands for several is focused. */
export function openerId(row: number): string {
  return `row:${row}`;
}

/** Returns the id of what a key leads to from `from`; null if there is nothing that way. */
export function moved(move: Move, from: string, picture: Picture, links: Links): string | null {
  if (move === 'home') return picture.root?.id ?? firstMark(picture);
  if (from.startsWith('row:')) return move === 'right' || move === 'up' ? firstMark(picture) : null;
  const node = picture.nodes.get(from);
  if (!node) return firstMark(picture);
  switch (move) {
    case 'right':
      return nearest(node, links.out.get(from)?.map((link) => link.to) ?? neighbours(node, picture, 1), picture);
    case 'left':
      return (
        nearest(node, links.into.get(from)?.map((link) => link.from) ?? neighbours(node, picture, -1), picture) ??
        openRow(picture)
      );
    case 'up':
    case 'down':
      return withinColumn(node, picture, move === 'down' ? 1 : -1);
    default:
      return null;
  }
}

/** An opened fold has no links of its own: arrows lead to the marks beside it. */
function neighbours(node: Node, picture: Picture, by: 1 | -1): string[] {
  if (!isOpen(node)) return [];
  return focusable(picture)
    .filter((other) => other.column === node.column + by && other.row === node.row)
    .map((other) => other.id);
}

function nearest(node: Node, ids: readonly string[], picture: Picture): string | null {
  const found = ids.flatMap((id) => picture.nodes.get(id) ?? []).filter((other) => !isEmptyPlace(other));
  found.sort(
    (a, b) =>
      Math.abs(a.column - node.column) - Math.abs(b.column - node.column) ||
      Math.abs(a.row - node.row) - Math.abs(b.row - node.row) ||
      Number(b.mark.count > 0) - Number(a.mark.count > 0) ||
      a.row - b.row ||
      a.mark.order - b.mark.order,
  );
  return found[0]?.id ?? null;
}

function withinColumn(node: Node, picture: Picture, by: 1 | -1): string | null {
  const column = focusable(picture).filter((other) => other.column === node.column);
  return column[column.indexOf(node) + by]?.id ?? null;
}

/** Every mark that takes focus, in the order of reading. */
export function focusable(picture: Picture): Node[] {
  return [...inOrder(picture)].filter((node) => !isEmptyPlace(node));
}

function firstMark(picture: Picture): string | null {
  return focusable(picture)[0]?.id ?? null;
}

function openRow(picture: Picture): string | null {
  const row = picture.scene.rows.findIndex((each) => each.rows !== undefined);
  return row < 0 ? null : openerId(row);
}

/** The open fold that Backspace closes: the mark itself or the nearest around it. */
export function nearestOpen(id: string, picture: Picture): Node | null {
  for (let node = picture.nodes.get(id) ?? null; node; node = node.parent) if (isOpen(node)) return node;
  return null;
}
