import { isOpen, isRest, type Node, type Picture, walk } from './picture';
import { cleared, type View } from './view';

/** An entry of `open`: the id of a fold or a row, and how many parts it may have at most. */
const idOf = (entry: string): string => entry.split(':', 1)[0] ?? entry;

/**
 * The view with a fold opened or closed. Closing one closes what is open inside it. A row that stands for several is open as
 * long as its id is: when one of its folds closes, the ids of its other open folds take its place.
 */
export function folded(view: View, node: Node, picture: Picture, open: boolean): View {
  const before = opening(view, picture);
  if (open) return cleared({ ...view, open: [...before.filter((entry) => idOf(entry) !== node.id), node.id] });
  const inside = new Set([...walk([node])].map((each) => each.id));
  const row = picture.scene.rows[node.row];
  const others = before.flatMap((entry) => (entry === row?.id ? openTops(picture, node.row) : [entry]));
  return cleared({ ...view, open: unique(others).filter((entry) => !inside.has(idOf(entry))) });
}

/** The view with all folds of a row opened, or closed again. */
export function foldedRow(view: View, row: number, picture: Picture): View {
  const id = picture.scene.rows[row]?.id;
  if (id === undefined) return view;
  const before = opening(view, picture);
  if (!(view.open ?? []).includes(id)) return cleared({ ...view, open: [...before, id] });
  const inside = new Set([...picture.nodes.values()].filter((node) => node.row === row).map((node) => node.id));
  return cleared({ ...view, open: before.filter((entry) => entry !== id && !inside.has(idOf(entry))) });
}

/**
 * What is open now, so that it stays as it is when another fold opens or closes: without the ids that had no room, which would
 * open by themselves later, and with the number of parts of those that had no room for all.
 */
function opening(view: View, picture: Picture): string[] {
  const ignored = new Set(picture.scene.ignored.map((each) => each.id));
  const entries = (view.open ?? []).filter((entry) => !ignored.has(entry));
  const rows = new Map(picture.scene.rows.map((row, index) => [row.id, index]));
  return unique(
    entries.flatMap((entry) => {
      const row = rows.get(entry);
      if (row === undefined) return [entryOf(picture.nodes.get(idOf(entry))) ?? entry];
      const tops = openTops(picture, row);
      return tops.some((top) => top.includes(':')) ? tops : [entry];
    }),
  );
}

function openTops(picture: Picture, row: number): string[] {
  const tops = picture.cells.filter((cell) => cell.row === row).flatMap((cell) => cell.tops);
  return tops.filter(isOpen).map((node) => entryOf(node) ?? node.id);
}

/** The entry that opens a fold just as far as it is open now. */
function entryOf(node: Node | undefined): string | undefined {
  if (!node || !isOpen(node)) return undefined;
  const last = node.children.at(-1);
  return last && isRest(last) ? `${node.id}:${node.children.length}` : node.id;
}

const unique = (entries: readonly string[]): string[] => [...new Set(entries)];
