import type { Node, Picture } from './picture';
import { isOpen } from './picture';
import type { SceneLink } from './scene';

/** The links of a picture by mark. */
export interface Links {
  out: Map<string, SceneLink[]>;
  into: Map<string, SceneLink[]>;
}

export function linksByMark(links: readonly SceneLink[]): Links {
  const found: Links = { out: new Map(), into: new Map() };
  for (const link of links) {
    append(found.out, link.from, link);
    append(found.into, link.to, link);
  }
  return found;
}

function append(map: Map<string, SceneLink[]>, key: string, link: SceneLink): void {
  const list = map.get(key);
  if (list) list.push(link);
  else map.set(key, [link]);
}

/**
 * A way from the root to a mark, in the order of the arrows. `exact` is false where only the server knows: if it crosses folds,
 * and for the impact of a change, which does not follow every link.
 */
export interface Way {
  marks: string[];
  exact: boolean;
}

const NO_WAY: Way = { marks: [], exact: true };

/** Returns the shortest way between the root and the mark over the drawn links. */
export function wayTo(id: string, picture: Picture, links: Links): Way {
  const root = picture.root;
  const target = picture.nodes.get(id);
  if (!root || !target || isOpen(target)) return NO_WAY;
  const upstream = target.column < root.column;
  const cameFrom = new Map<string, string | null>([[id, null]]);
  const queue = [id];
  for (let next = queue.shift(); next !== undefined && next !== root.id; next = queue.shift())
    for (const link of (upstream ? links.out : links.into).get(next) ?? []) {
      const other = upstream ? link.to : link.from;
      if (cameFrom.has(other)) continue;
      cameFrom.set(other, next);
      queue.push(other);
    }
  if (!cameFrom.has(root.id)) return { marks: [], exact: false };
  const marks: string[] = [];
  for (let at: string | null | undefined = root.id; at; at = cameFrom.get(at)) marks.push(at);
  if (upstream) marks.reverse();
  const direct = picture.scene.change === null || marks.length <= 2;
  return { marks, exact: direct && marks.every((mark) => isSingle(picture.nodes.get(mark)) || mark === id) };
}

function isSingle(node: Node | undefined): boolean {
  return node?.mark.asset !== undefined;
}

/** The key of the link between two marks. */
export function linkKey(from: string, to: string): string {
  return `${from}>${to}`;
}

/** The keys of the links of a way. */
export function linksOf(marks: readonly string[]): Set<string> {
  const keys = new Set<string>();
  for (const [index, mark] of marks.entries()) {
    const before = marks[index - 1];
    if (before !== undefined) keys.add(linkKey(before, mark));
  }
  return keys;
}
