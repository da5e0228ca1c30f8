import type { Scene, SceneMark } from './scene';

/** What two moments have in common, on the marks that are single assets, and how many folds hold another number. */
export interface Difference {
  readonly before: number;
  readonly after: number;
  readonly same: number;
  readonly appeared: number;
  readonly gone: number;
  readonly folds: number;
  readonly changedFolds: number;
}

/**
 * Puts two scenes of the same closure into one picture. Places do not depend on the moment, so that each mark of one is a mark
 * of the other. Counts are those of the later scene; a fold also has its count `before`.
 */
export function compared(from: Scene, to: Scene): Scene {
  const earlier = new Map(from.marks.map((mark) => [mark.id, mark]));
  return { ...to, marks: to.marks.map((mark) => comparedMark(mark, earlier.get(mark.id))) };
}

function comparedMark(mark: SceneMark, earlier: SceneMark | undefined): SceneMark {
  if (mark.fold) return { ...mark, fold: { ...mark.fold, before: earlier?.fold?.count ?? 0 } };
  if (!mark.asset) return mark;
  const was = (earlier?.count ?? 0) > 0;
  const is = mark.count > 0;
  return { ...mark, asset: { ...mark.asset, present: is ? (was ? 'same' : 'appeared') : was ? 'gone' : 'later' } };
}

/** Counts what differs in a picture that `compared` made. */
export function differenceOf(from: Scene, scene: Scene): Difference {
  const count = (present: string) => scene.marks.filter((mark) => mark.asset?.present === present).length;
  const folds = scene.marks.flatMap((mark) =>
    mark.fold && !mark.fold.open && (mark.fold.count > 0 || mark.fold.before) ? mark.fold : [],
  );
  return {
    before: from.total,
    after: scene.total,
    same: count('same'),
    appeared: count('appeared'),
    gone: count('gone'),
    folds: folds.length,
    changedFolds: folds.filter((fold) => fold.before !== fold.count).length,
  };
}
