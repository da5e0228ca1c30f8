import { expect, it } from 'vitest';
import { compared, differenceOf } from './compared';
import { picture } from './picture';
import { asset, fold, sceneOf } from './testing';
import { say } from './wording';

const at = [0, 1] as [number, number];

function scene(there: string[], folded: number) {
  const marks = ['both', 'came', 'went', 'never'].map((id, order) =>
    asset({ id, at, order, count: there.includes(id) ? 1 : 0, present: there.includes(id) ? 'same' : 'later' }),
  );
  return sceneOf([asset({ id: 'root', at: [0, 0] }), ...marks, fold({ id: 'f', at, order: 9, count: folded, label: 'dataset' })]);
}

const before = scene(['both', 'went'], 12);
const after = compared(before, scene(['both', 'came'], 15));

it('tells what came, went and stayed', () => {
  const present = Object.fromEntries(after.marks.map((mark) => [mark.id, mark.asset?.present]));
  expect(present).toMatchObject({ root: 'same', both: 'same', came: 'appeared', went: 'gone', never: 'later' });
  expect(differenceOf(before, after)).toEqual({
    before: 15,
    after: 18,
    same: 2,
    appeared: 1,
    gone: 1,
    folds: 1,
    changedFolds: 1,
  });
});

it('says both numbers of a fold that changed', () => {
  const drawn = picture(after, { past: true, compares: true });
  const spoken = (id: string) => {
    const node = drawn.nodes.get(id);
    return node && say(node, drawn);
  };
  expect(spoken('f')).toBe('fold, 12 → 15 datasets of r0');
  expect(spoken('came')).toBe('came, dataset of r0, appeared in between');
  expect(spoken('went')).toBe('went, dataset of r0, gone in between');
});
