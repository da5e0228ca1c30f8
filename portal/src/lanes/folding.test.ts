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

it('forgets what had no room, so that it does not open by itself later', () => {
  const scene = { ...drawn.scene, ignored: [{ id: 'a11', reason: 'no_room' as const }] };
  const node = drawn.nodes.get('c');
  expect(node && folded({ open: ['c', 'b', 'a11'] }, node, picture(scene), false).open).toEqual(['b']);
});

it('names how many parts a fold has that had no room for all, so that it stays as it is', () => {
  const marks = [
    asset({ id: 'root', at: [0, 0] }),
    fold({ id: 'b', at: [1, 2], count: 3, open: true }),
    fold({ id: 'b1', at: [1, 2], count: 1, parent: 'b', order: 0 }),
    fold({ id: 'b2', at: [1, 2], count: 2, parent: 'b', order: 1, label: '2 more', by: 'rest', split: 'rest' }),
    fold({ id: 'c', at: [0, 2], count: 3, open: true }),
  ];
  const limited = picture(sceneOf(marks));
  const node = limited.nodes.get('c');
  expect(node && folded({ open: ['b', 'c'] }, node, limited, false).open).toEqual(['b:2']);
  expect(node && folded({ open: ['r1', 'c'] }, node, limited, false).open).toEqual(['b:2']);
  const other = limited.nodes.get('b');
  expect(other && folded({ open: ['b:2', 'c'] }, other, limited, false).open).toEqual(['c']);
});

it('leaves the other folds of a row open when one of them closes', () => {
  expect(toggled('a', ['r1', 'a1', 'c'], false)).toEqual(['b', 'c']);
});

it('opens and closes all folds of a row', () => {
  expect(foldedRow({ open: ['c'] }, 1, drawn).open).toEqual(['c', 'r1']);
  expect(foldedRow({ open: ['c', 'r1', 'a1', 'a'] }, 1, drawn).open).toEqual(['c']);
});
