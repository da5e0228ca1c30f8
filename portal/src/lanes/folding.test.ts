import { expect, it } from 'vitest';
import { folded, foldedRow } from './folding';
import { picture } from './picture';
import { asset, fold, sceneOf } from './testing';

const drawn = picture(
  sceneOf([
    asset({ id: 'root', at: [0, 0] }),
    fold({ id: 'a', at: [1, 1], count: 9, open: true }),
    fold({ id: 'a1', at: [1, 1], count: 4, open: true, parent: 'a' }),
    fold({ id: 'a11', at: [1, 1], count: 4, parent: 'a1' }),
    fold({ id: 'b', at: [1, 2], count: 3, open: true }),
    fold({ id: 'c', at: [0, 2], count: 3, open: true }),
  ]),
);

function toggled(id: string, open: string[], wanted: boolean) {
  const node = drawn.nodes.get(id);
  return node ? (folded({ open }, node, drawn, wanted).open ?? []) : null;
}

it('opens a fold', () => {
  expect(toggled('a11', ['c', 'a', 'a1'], true)).toEqual(['c', 'a', 'a1', 'a11']);
});

it('closes a fold with all that is open inside it', () => {
  expect(toggled('a', ['c', 'a', 'a1'], false)).toEqual(['c']);
  expect(toggled('a1', ['c', 'a', 'a1'], false)).toEqual(['c', 'a']);
});

it('leaves the other folds of a row open when one of them closes', () => {
  expect(toggled('a', ['r1', 'a1', 'c'], false)).toEqual(['c', 'b']);
});

it('opens and closes all folds of a row', () => {
  expect(foldedRow({ open: ['c'] }, 1, drawn).open).toEqual(['c', 'r1']);
  expect(foldedRow({ open: ['c', 'r1', 'a1', 'a'] }, 1, drawn).open).toEqual(['c']);
});
