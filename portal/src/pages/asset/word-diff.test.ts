import { expect, test } from 'vitest';
import { type DiffPart, wordDiff } from './word-diff';

const read = (parts: readonly DiffPart[], leftOut: DiffPart['kind']) =>
  parts
    .filter((part) => part.kind !== leftOut)
    .map((part) => part.text)
    .join('');

test('words that differ are shown, the others are kept', () => {
  expect(wordDiff('Ratings of members, 1 to 5.', 'Ratings of titles, 1 to 5.')).toEqual([
    { kind: 'same', text: 'Ratings of ' },
    { kind: 'removed', text: 'members' },
    { kind: 'added', text: 'titles' },
    { kind: 'same', text: ', 1 to 5.' },
  ]);
});

test('equal texts are one part, empty texts none', () => {
  expect(wordDiff('same words', 'same words')).toEqual([{ kind: 'same', text: 'same words' }]);
  expect(wordDiff('', '')).toEqual([]);
  expect(wordDiff('', 'new')).toEqual([{ kind: 'added', text: 'new' }]);
});

test('the parts always add up to both texts', () => {
  let seed = 7;
  const next = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    return seed % below;
  };
  const alphabet = ['a', 'b', ' ', '\n', 'ü', 'שלום', '😀', ',', '<b>'];
  const text = () => Array.from({ length: next(12) }, () => alphabet[next(alphabet.length)]).join('');
  for (let round = 0; round < 500; round += 1) {
    const [a, b] = [text(), text()];
    const parts = wordDiff(a, b);
    expect(read(parts, 'added')).toBe(a);
    expect(read(parts, 'removed')).toBe(b);
  }
});

test('texts that differ completely and are long are shown as replaced', () => {
  const [a, b] = ['one '.repeat(3000), 'two, '.repeat(3000)];
  const parts = wordDiff(a, b);
  expect(read(parts, 'added')).toBe(a);
  expect(read(parts, 'removed')).toBe(b);
  expect(parts.length).toBeLessThan(4);
});
