import { expect, test } from 'vitest';
import { reachedOf, summaryOf } from './shares';

const counts = { dataset: 2, owner: 0, commit: 4, evaluation: 1, experiment: 0, reference: 0 };

test('a share is of those that are expected, and there is none where none is', () => {
  const reached = reachedOf({ reaching: counts, expected: { ...counts, dataset: 4, owner: 4, evaluation: 4 } });
  expect(reached.map(({ aspect, share }) => [aspect, share])).toEqual([
    ['dataset', 0.5],
    ['owner', 0],
    ['commit', 1],
    ['evaluation', 0.25],
    ['experiment', null],
    ['reference', null],
  ]);
});

test('a bar is never longer than its place', () => {
  expect(reachedOf({ reaching: counts, expected: { ...counts, commit: 3 } })[2]?.share).toBe(1);
});

test('the answer says how many serve and how many gaps there are', () => {
  expect(summaryOf({ deployed: 0, total: 0 })).toBe('No model version serves.');
  expect(summaryOf({ deployed: 0, total: 2 })).toBe('No model version serves. 2 gaps to mend.');
  expect(summaryOf({ deployed: 1, total: 1 })).toBe('1 model version serves. 1 gap to mend.');
  expect(summaryOf({ deployed: 1200, total: 0 })).toBe('1,200 model versions serve. No gap is known.');
});
