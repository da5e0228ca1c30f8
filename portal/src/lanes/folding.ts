import { isOpen, type Node, type Picture, walk } from './picture';
import { cleared, type View } from './view';

/**
 * The view with a fold opened or closed. Closing one closes what is open inside it. A row that stands for several is open as
 * long as its id is: when one of its folds closes, the ids of its other open folds take its place.
 */
export function folded(view: View, node: Node, picture: Picture, open: boolean): View {
  const before = view.open ?? [];
  if (open) return cleared({ ...view, open: [...before.filter((id) => id !== node.id), node.id] });
  const inside = new Set([...walk([node])].map((each) => each.id));
  const row = picture.scene.rows[node.row];
  const others =
    row !== undefined && before.includes(row.id)
      ? [...before.filter((id) => id !== row.id), ...openTops(picture, node.row)]
      : before;
  return cleared({ ...view, open: [...new Set(others)].filter((id) => !inside.has(id)) });
}

/** The view with all folds of a row opened, or closed again. */
export function foldedRow(view: View, row: number, picture: Picture): View {
  const id = picture.scene.rows[row]?.id;
  const before = view.open ?? [];
  if (id === undefined) return view;
  if (!before.includes(id)) return cleared({ ...view, open: [...before, id] });
  const inside = new Set([...picture.nodes.values()].filter((node) => node.row === row).map((node) => node.id));
  return cleared({ ...view, open: before.filter((each) => each !== id && !inside.has(each)) });
}

function openTops(picture: Picture, row: number): string[] {
  return picture.cells.filter((cell) => cell.row === row).flatMap((cell) => cell.tops.filter(isOpen).map((node) => node.id));
}
