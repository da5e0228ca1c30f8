import { count as counted, nouns } from './nouns';
import type { Node, Picture, Tally } from './picture';
import { isOpen, isRest, tally, worstSeverity } from './picture';
import type { Effect, Scene, SceneColumn, SceneRow, Split } from './scene';
import { EFFECTS } from './scene';

const ONE: Record<Effect, string> = {
  breaks_now: 'breaks now',
  breaks_next_run: 'breaks at its next run',
  tainted: 'is tainted',
};
const SEVERAL: Record<Effect, string> = {
  breaks_now: 'break now',
  breaks_next_run: 'break at their next run',
  tainted: 'are tainted',
};
export const EFFECT_HEADS: Record<Effect, string> = {
  breaks_now: 'break now',
  breaks_next_run: 'break at their next run',
  tainted: 'tainted',
};

/** What separates a mark from its siblings: the parts of a fold are named by it. */
function separatedBy(node: Node): Split | null {
  if (isRest(node)) return 'rest';
  const by = node.parent?.mark.fold?.split ?? null;
  if (by !== 'rest') return by;
  const label = node.mark.fold?.label ?? ''; // the parts of a rest do not say by what they differ
  return label in (node.mark.fold?.kinds ?? {}) ? 'kind' : 'name';
}

/** What a fold holds, as a noun: `workflows`, `s3://lake`, `more`. */
export function foldNoun(node: Node): string {
  const { fold } = node.mark;
  if (!fold) return '';
  const by = separatedBy(node);
  if (by === 'rest') return 'more';
  return by === null || by === 'kind' ? nounOfFold(node) : fold.label;
}

/** What a fold holds, by kind: `12 datasets`, or `assets` of several kinds. */
function nounOfFold(node: Node): string {
  const { fold, parent } = node.mark;
  if (!fold) return '';
  const several = shownCount(node);
  if ((parent === null || separatedBy(node) === 'kind') && !/^\d+ kinds$/.test(fold.label)) return nouns(fold.label, several);
  const [kind, ...others] = Object.keys(fold.kinds);
  return nouns(kind !== undefined && others.length === 0 ? kind : 'asset', several);
}

/** The number on a fold as text; both numbers where two moments differ. */
export function shownNumber(node: Node): string {
  const { fold } = node.mark;
  if (fold?.before === undefined || fold.before === fold.count) return counted(shownCount(node));
  return `${counted(fold.before)} → ${counted(fold.count)}`;
}

/** The number that a fold shows: what it counts, else how many it holds that are not affected or not there. */
export function shownCount(node: Node): number {
  const { fold } = node.mark;
  return fold ? fold.count || fold.unaffected || fold.absent : node.mark.count;
}

/**
 * The name of a mark for a screen reader: "fold, 312 workflows of search-and-ads, all break at their next run, 4 possible".
 * What a fold shows stands in it as it is, so that it can be spoken to (WCAG 2.5.3).
 */
export function say(node: Node, picture: Picture): string {
  const { asset, fold } = node.mark;
  const row = picture.scene.rows[node.row];
  const team = row ? rowName(row, picture.scene.by) : 'nobody';
  if (asset) return [`${asset.name}, ${nouns(asset.kind, 1)} of ${team}`, ...stateOf(node, picture)].join(', ');
  if (!fold) return '';
  const by = separatedBy(node);
  const what = `${shownNumber(node)} ${foldNoun(node)}${by === null || by === 'kind' ? '' : `, ${nounOfFold(node)}`}`;
  const of = by === 'group' ? '' : ` of ${team}`;
  return [isOpen(node) ? 'open fold' : 'fold', `${what}${of}`, ...stateOf(node, picture)].join(', ');
}

/** The name of a row: `17 other teams` for one that stands for several. */
export function rowName(row: SceneRow, by: string): string {
  return row.rows === undefined ? row.name : `${counted(row.rows)} other ${nouns(by, row.rows)}`;
}

/** Effects, certainty and presence of a mark, as parts of a sentence. */
export function stateOf(node: Node, picture: Picture): string[] {
  const { scene, root } = picture;
  const { asset, fold } = node.mark;
  if (node === root) return ['where you started'];
  const result = presence(node, picture.compares);
  const what = tally(node.mark);
  const impact = scene.change !== null;
  if (asset && impact && node.mark.count === 0 && result.length === 0) return ['not affected'];
  result.push(...effects(what, asset !== undefined));
  const severity = worstSeverity(what);
  if (asset && severity) result.push(severity);
  if (what.possible) result.push(asset ? 'possible' : `${counted(what.possible)} possible`);
  if (fold && fold.count === 0) result.push(impact && fold.unaffected > 0 ? 'none is affected' : 'none is there at this moment');
  else if (fold && fold.unaffected > 0) result.push(`${counted(fold.unaffected)} not affected`);
  return result;
}

function presence(node: Node, compares: boolean): string[] {
  switch (node.mark.asset?.present) {
    case 'appeared':
      return [compares ? 'appeared in between' : 'came at this moment'];
    case 'gone':
      return [compares ? 'gone in between' : 'gone by this moment'];
    case 'later':
      return ['not there yet at this moment'];
    default:
      return [];
  }
}

function effects(what: Tally, single: boolean): string[] {
  return EFFECTS.flatMap((effect) => {
    const number = what.effects[effect] ?? 0;
    if (number === 0) return [];
    if (single) return [ONE[effect]];
    if (number === what.count) return [what.count === 1 ? `1 ${ONE[effect]}` : `all ${SEVERAL[effect]}`];
    return [`${counted(number)} ${number === 1 ? ONE[effect] : SEVERAL[effect]}`];
  });
}

/** The parts of the answer's sentence: "40,119 affected + ratings = 40,120 = 9 shown + 40,111 in 68 folds". */
export interface Equation {
  first: string;
  text: string;
  total: string | null;
  rest: string;
  apart: string | null;
}

/** Returns the sentence that says what the marks add up to. */
export function equation(scene: Scene): Equation {
  const folds = scene.folds
    ? ` = ${counted(scene.shown)} shown + ${counted(scene.folded)} in ${counted(scene.folds)} ${scene.folds === 1 ? 'fold' : 'folds'}`
    : ', all shown';
  const apart = scene.unaffected ? `${counted(scene.unaffected)} not affected, drawn faint` : null;
  if (scene.change !== null)
    return {
      first: counted(scene.total - 1),
      text: ` affected + ${scene.root.name} = `,
      total: counted(scene.total),
      rest: folds,
      apart,
    };
  const noun = nouns('asset', scene.total);
  const where = scene.direction === 'both' ? 'upstream and downstream' : scene.direction;
  return { first: counted(scene.total), text: ` ${noun} ${where}, ${scene.root.name} included`, total: null, rest: folds, apart };
}

/** What a picture says that holds the start alone. */
export function emptyText({ change, direction, unaffected }: Scene, past: boolean): string {
  const when = past ? ' at this moment' : '';
  if (change !== null && unaffected > 0) {
    const one = unaffected === 1;
    return `Nothing is affected${when}. ${counted(unaffected)} ${nouns('asset', unaffected)} ${one ? 'is' : 'are'} downstream; none reads what changes.`;
  }
  if (direction === 'both') return `Nothing reads it and nothing wrote it${when}.`;
  return direction === 'upstream' ? `Nothing is known that it was made from${when}.` : `Nothing reads it${when}.`;
}

/** The head of a column: `start`, `step 3`, `steps 10 to 14`. */
export function stepName({ step, to_step: last }: SceneColumn, direction: Scene['direction']): string {
  if (step === 0 && last === 0) return direction === 'upstream' ? 'asked for' : 'start';
  if (last !== step) return `steps ${signed(step)} to ${signed(last)}`;
  return `step ${signed(step)}`;
}

function signed(step: number): string {
  return step < 0 ? `−${-step}` : String(step);
}
