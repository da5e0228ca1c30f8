import { expect, it } from 'vitest';
import { asset, fold, sceneOf } from './testing';
import { hasSameMarks } from './use-newer';

const marks = [asset({ id: 'root', at: [0, 0] }), fold({ id: 'f', at: [0, 1], count: 4 })];

it('puts a newer answer in place only where no mark comes, goes or moves', () => {
  const more = [asset({ id: 'root', at: [0, 0] }), fold({ id: 'f', at: [0, 1], count: 9 })];
  expect(hasSameMarks(sceneOf(marks), sceneOf(more, [], { watermark: 7 }))).toBe(true);
  expect(hasSameMarks(sceneOf(marks), sceneOf([...more, asset({ id: 'a', at: [0, 1], order: 1 })]))).toBe(false);
  const moved = [asset({ id: 'root', at: [0, 0] }), fold({ id: 'f', at: [1, 1], count: 4 })];
  expect(hasSameMarks(sceneOf(marks), sceneOf(moved))).toBe(false);
});
