import type { Node, Picture, Tally } from './picture';
import { add, inOrder, isOpen, tally, worstEffect, worstSeverity } from './picture';
import type { Effect, Presence } from './scene';
import { EFFECTS, SEVERITIES } from './scene';
import { rowName } from './wording';

/** One row of the table of owners, and of the heads of the rows. */
export interface OwnerLine {
  name: string;
  uri: string | null;
  /** How many teams it stands for; 0 for assets of nobody, and where rows are no teams. */
  teams: number;
  /** Without the root. */
  tally: Tally;
}

/** Returns what each row holds; the root counts for nobody where a change is asked about. */
export function owners(picture: Picture): OwnerLine[] {
  const byRow = picture.scene.rows.map((): Tally[] => []);
  for (const node of inOrder(picture)) if (counts(node, picture)) byRow[node.row]?.push(tally(node.mark));
  return picture.scene.rows.map((row, index) => ({
    name: rowName(row, picture.scene.by),
    uri: row.uri,
    teams: row.rows ?? (row.uri === null ? 0 : 1),
    tally: add(byRow[index] ?? []),
  }));
}

function counts(node: Node, picture: Picture): boolean {
  if (isOpen(node)) return false;
  return node.mark.count > 0 && !(node === picture.root && picture.scene.change !== null);
}

/** What the whole picture holds. */
export function whole(lines: readonly OwnerLine[]): Tally {
  return add(lines.map((line) => line.tally));
}

/** The effects that occur anywhere: the others get no column. */
export function occurring(lines: readonly OwnerLine[]): Effect[] {
  return EFFECTS.filter((effect) => lines.some((line) => line.tally.effects[effect]));
}

/** The marks that are single assets: the worst first where a change is asked about, what changed in a comparison, else the nearest. */
export function listed(picture: Picture): Node[] {
  const found = [...inOrder(picture)].filter((node) => isListed(node, picture));
  return found.sort((a, b) => rank(a, picture) - rank(b, picture) || byName(a, b));
}

/** What went in a comparison is listed too. */
function isListed(node: Node, { root, compares }: Picture): boolean {
  const { asset, count } = node.mark;
  return asset !== undefined && node !== root && (count > 0 || (compares && asset.present === 'gone'));
}

const COMPARED: readonly Presence[] = ['appeared', 'gone', 'same'];

function rank(node: Node, picture: Picture): number {
  if (picture.compares) return COMPARED.indexOf(node.mark.asset?.present ?? 'same');
  if (picture.scene.change === null) return Math.abs(node.column - (picture.root?.column ?? 0));
  const what = tally(node.mark);
  const severity = worstSeverity(what);
  const effect = worstEffect(what);
  const first = severity ? SEVERITIES.indexOf(severity) : SEVERITIES.length;
  return first * 4 + (effect ? EFFECTS.indexOf(effect) : EFFECTS.length);
}

function byName(a: Node, b: Node): number {
  const one = a.mark.asset?.name ?? '';
  const other = b.mark.asset?.name ?? '';
  return one < other ? -1 : one > other ? 1 : 0;
}
