import { count as counted, nouns } from './nouns';
import type { Node, Picture, Tally } from './picture';
import { isOpen, tally, worstSeverity } from './picture';
import type { Compared, Effect, Scene, SceneColumn, SceneFold, SceneRow } from './scene';
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
  const { fold, cycle } = node.mark;
  if (!fold) return '';
  if (fold.by === 'rest') return 'more';
  if (fold.by === 'cycle') return cycle && cycle.count !== fold.count ? `of a cycle of ${counted(cycle.count)}` : 'in a cycle';
  if (fold.by === 'kind' && fold.label === 'cycles') return 'in cycles';
  return fold.by === 'cell' || fold.by === 'kind' ? nounOfFold(node) : fold.label;
}

/** What a fold holds, by kind: `12 datasets`, or `assets` of several kinds. */
function nounOfFold(node: Node): string {
  const { fold } = node.mark;
  if (!fold) return '';
  const several = shownCount(node);
  if (fold.by === 'kind' && fold.label !== 'cycles') return /^\w+$/.test(fold.label) ? nouns(fold.label, several) : fold.label;
  const [kind, ...others] = Object.keys(fold.kinds);
  return nouns(kind !== undefined && others.length === 0 ? kind : 'asset', several);
}

/** The number on a fold as text; where two moments differ, who came, who went and who stayed: `+3 −1 =12`. */
export function shownNumber(node: Node): string {
  const difference = differenceOf(node);
  return difference === null ? counted(shownCount(node)) : difference.join(' ');
}

/** What differs in a fold between two moments, as signs with numbers; null where nothing does. */
export function differenceOf(node: Node): string[] | null {
  const { appeared, gone, same } = node.mark.fold?.compared ?? { appeared: 0, gone: 0, same: 0 };
  if (appeared === 0 && gone === 0) return null;
  const signs: [sign: string, number: number][] = [
    ['+', appeared],
    ['−', gone],
    ['=', same],
  ];
  return signs.flatMap(([sign, number]) => (number > 0 ? `${sign}${counted(number)}` : []));
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
  const what = `${shownNumber(node)} ${foldNoun(node)}${saysItsKinds(fold) ? '' : `, ${nounOfFold(node)}`}`;
  const of = fold.by === 'group' ? '' : ` of ${team}`;
  const name = fold.by === 'cycle' ? cycleName(node) : 'fold';
  return [isOpen(node) ? `open ${name}` : name, `${what}${of}`, ...stateOf(node, picture)].join(', ');
}

const saysItsKinds = ({ by, label }: SceneFold): boolean => by === 'cell' || (by === 'kind' && label !== 'cycles');

/** The name of a cycle, whatever of it a mark shows: `cycle of 3 assets`. */
function cycleName({ mark }: Node): string {
  const many = mark.cycle?.count ?? 0;
  return `cycle of ${counted(many)} ${nouns('asset', many)}`;
}

/** The name of a row: `17 other teams` for one that stands for several. */
export function rowName(row: SceneRow, by: string): string {
  return row.rows === undefined ? row.name : `${counted(row.rows)} other ${nouns(by, row.rows)}`;
}

/** Effects, certainty and presence of a mark, as parts of a sentence. */
export function stateOf(node: Node, picture: Picture): string[] {
  const { scene, root } = picture;
  const { asset, fold } = node.mark;
  if (node === root) return ['where you started', ...(node.mark.cycle ? [`in a ${cycleName(node)}`] : [])];
  const result = presence(node, picture.compares);
  if (asset && node.mark.cycle) result.push(`in a ${cycleName(node)}`);
  const what = tally(node.mark);
  const impact = scene.change !== null;
  if (asset && impact && node.mark.count === 0 && asset.present === 'same') return ['not affected', ...result];
  if (fold?.compared) result.push(...comparison(fold.compared));
  result.push(...effects(what, asset !== undefined));
  const severity = worstSeverity(what);
  if (asset && severity) result.push(severity);
  if (what.possible) result.push(asset ? 'possible' : `${counted(what.possible)} possible`);
  if (fold && fold.count === 0 && !fold.compared?.gone)
    result.push(
      impact && fold.unaffected > 0 ? 'none is affected' : `none is there at ${picture.compares ? 'either' : 'this'} moment`,
    );
  else if (fold && fold.unaffected > 0) result.push(`${counted(fold.unaffected)} not affected`);
  return result;
}

function comparison({ appeared, gone, same }: Compared): string[] {
  if (appeared === 0 && gone === 0) return [];
  const words: [number: number, word: string][] = [
    [appeared, 'appeared in between'],
    [gone, 'gone in between'],
    [same, 'the same'],
  ];
  return words.flatMap(([number, word]) => (number > 0 ? `${counted(number)} ${word}` : []));
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
