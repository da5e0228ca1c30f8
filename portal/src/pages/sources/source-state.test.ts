import { expect, test } from 'vitest';
import type { Source } from '@/api/generated';
import { conditionOf, pauseOf, progressOf, stateWord, summaryOf } from './source-state';

const source = (members: Partial<Source>): Source => ({
  name: 'prod',
  kind: 'mlflow',
  url: 'http://m',
  state: 'following',
  ...members,
});

test('a failure of the moment or an open circuit is failing, whatever the state says', () => {
  expect(conditionOf(source({}))).toBe('ok');
  expect(conditionOf(source({ state: 'backfilling' }))).toBe('busy');
  expect(conditionOf(source({ error: 'no route' }))).toBe('failing');
  expect(conditionOf(source({ circuit: 'open' }))).toBe('failing');
  expect(conditionOf(source({ state: 'stopped', error: 'no route' }))).toBe('stopped');
});

test('the word of a state agrees with the shape beside it', () => {
  expect(stateWord(source({}))).toBe('following');
  expect(stateWord(source({ state: 'backfilling' }))).toBe('backfilling');
  expect(stateWord(source({ circuit: 'open' }))).toBe('failing');
  expect(stateWord(source({ state: 'failed' }))).toBe('failing');
  expect(stateWord(source({ state: 'stopped', circuit: 'open' }))).toBe('stopped');
});

test('a total that is not known is not invented', () => {
  expect(progressOf(source({}))).toBeNull();
  expect(progressOf(source({ done: 1200, total: null }))).toBe('1,200 read');
  expect(progressOf(source({ done: 0, total: 12 }))).toBe('0 of 12 read');
});

test('an open circuit says for how long', () => {
  expect(pauseOf(source({ circuit: 'closed' }))).toBeNull();
  expect(pauseOf(source({ circuit: 'open', retry_in_s: 61 }))).toBe('It failed repeatedly and receives no requests for 1 min.');
  expect(pauseOf(source({ circuit: 'half-open' }))).toBe('It is tried with one request.');
});

test('the summary adds up', () => {
  expect(summaryOf([])).toBe('No tool is connected.');
  expect(summaryOf([source({ dead_letters: 2 }), source({ error: 'x', dead_letters: 1 })])).toBe(
    '2 tools are connected: 1 follows, 1 fails. 3 dead letters wait.',
  );
  expect(summaryOf([source({ state: 'stopped' })])).toBe('1 tool is connected: 1 is stopped.');
});
