import { count as counted, nouns } from './nouns';
import type { Node, Picture, Tally } from './picture';
import { isOpen, tally, worstSeverity } from './picture';
import type { Effect, Scene } from './scene';
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

/** What a fold holds, as a noun: `workflows`, `s3://lake`, `more`. */
export function foldNoun(node: Node): string {
  const fold = node.mark.fold;
  if (!fold) return '';
  if (fold.split === 'kind' || fold.split === 'cell') {
    const kinds = Object.keys(fold.kinds);
    return kinds.length === 1 && kinds[0] !== undefined ? nouns(kinds[0], fold.count) : fold.label;
  }
  return fold.label;
}

/** The name of a mark for a screen reader: "fold, 312 workflows of search-and-ads, all break at their next run, 4 possible". */
export function say(node: Node, picture: Picture): string {
  const team = picture.scene.rows[node.row]?.name ?? 'nobody';
  const { asset, fold } = node.mark;
  if (asset) {
    const start = `${asset.name}, ${nouns(asset.kind, 1)} of ${team}`;
    return [start, ...stateOf(node, picture)].join(', ');
  }
  if (!fold) return '';
  const noun = foldNoun(node);
  const of =
    fold.split === 'namespace' || fold.split === 'name' ? ` ${nounOfKinds(fold.kinds, fold.count)} in ${noun}` : ` ${noun}`;
  const start = `${isOpen(node) ? 'open fold' : 'fold'}, ${counted(fold.count)}${of} of ${team}`;
  return [start, ...stateOf(node, picture)].join(', ');
}

function nounOfKinds(kinds: Record<string, number>, count: number): string {
  const names = Object.keys(kinds);
  return names.length === 1 && names[0] !== undefined ? nouns(names[0], count) : nouns('asset', count);
}

/** Effects, certainty and presence of a mark, as parts of a sentence. */
export function stateOf(node: Node, picture: Picture): string[] {
  const { scene, root } = picture;
  const { asset, fold } = node.mark;
  if (node === root) return ['where you started'];
  const result = presence(node);
  const what = tally(node.mark);
  const impact = scene.change !== null;
  if (asset && impact && node.mark.count === 0 && result.length === 0) return ['not affected'];
  result.push(...effects(what, asset !== undefined));
  const severity = worstSeverity(what);
  if (asset && severity) result.push(severity);
  if (what.possible) result.push(asset ? 'possible' : `${counted(what.possible)} possible`);
  if (fold && fold.count === 0) result.push(impact ? 'none is affected' : 'none is there at this moment');
  return result;
}

function presence(node: Node): string[] {
  switch (node.mark.asset?.present) {
    case 'appeared':
      return ['came at this moment'];
    case 'gone':
      return ['gone at this moment'];
    case 'absent':
    case 'later':
      return ['not there at this moment'];
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

/** The head of a column: `start`, `step 3`, `steps 10 to 14`. */
export function stepName(column: { step: number | null; to_step?: number }, direction: Scene['direction']): string {
  const { step, to_step: last } = column;
  if (step === null) return 'cycle';
  if (step === 0 && (last === undefined || last === 0)) return direction === 'upstream' ? 'asked for' : 'start';
  if (last !== undefined && last !== step) return `steps ${signed(step)} to ${signed(last)}`;
  return `step ${signed(step)}`;
}

function signed(step: number): string {
  return step < 0 ? `−${-step}` : String(step);
}
