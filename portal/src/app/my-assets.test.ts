import { expect, test } from 'vitest';
import { withFirst } from './my-assets';

const asset = (name: string, at = 0) => ({ uri: `mlg://model/a/${name}`, kind: 'model', name, at });

test('what is opened again comes to the front, once', () => {
  const before = [asset('a'), asset('b'), asset('c')];
  const after = withFirst(before, asset('c'), 3, 9);
  expect(after.map(({ name, at }) => [name, at])).toEqual([
    ['c', 9],
    ['a', 0],
    ['b', 0],
  ]);
});

test('the oldest is forgotten', () => {
  expect(withFirst([asset('a'), asset('b')], asset('c'), 2, 9).map(({ name }) => name)).toEqual(['c', 'a']);
});
