import { expect, test } from 'vitest';
import { relation } from './fixtures';
import { groupRelations } from './relations';
import { relationSentence } from './sentence';

const MANY = [
  relation('input_to', 'mlg://workflow/recs/b.build'),
  relation('input_to', 'mlg://workflow/recs/a.build'),
  relation('input_to', 'mlg://run/recs/1'),
  relation('input_to', 'mlg://run/recs/2'),
  relation('outputs', 'mlg://workflow/data/ratings.load', { direction: 'in' }),
  relation('depends_on', 'mlg://service/prod/feed', { direction: 'in', origins: ['rule:service-depends-on-dataset'] }),
  relation('points_to', 'mlg://model_version/m/ranker%2F2', { properties: { aliases: ['champion', 7] }, certainty: 'possible' }),
];

test('every relation is in one group or counted as a run', () => {
  const folded = groupRelations(MANY, false);
  expect(folded.runs).toBe(2);
  expect(folded.shown + folded.runs).toBe(MANY.length);
  expect(folded.groups.flatMap((group) => group.entries)).toHaveLength(folded.shown);
  const all = groupRelations(MANY, true);
  expect(all.groups.flatMap((group) => group.entries)).toHaveLength(MANY.length);
});

test('groups stand in a fixed order, whatever the order of the answer', () => {
  const titles = groupRelations(MANY, false).groups.map((group) => group.label.title);
  expect(titles).toEqual(['Written by', 'Read by', 'Aliases point to', 'Depend on it']);
  expect(groupRelations([...MANY].reverse(), false).groups.map((group) => group.label.title)).toEqual(titles);
  expect(groupRelations(MANY, false).groups[1]?.entries.map((entry) => entry.name)).toEqual(['a.build', 'b.build']);
});

test('an entry says whether it is inferred or possible, and what its edge says', () => {
  const { groups } = groupRelations(MANY, false);
  expect(groups.map((group) => group.inferred)).toEqual([false, false, false, true]);
  expect(groups[2]?.entries[0]).toMatchObject({ possible: true, note: 'champion' });
});

test('a relation that nobody named here reads by its own name', () => {
  const { groups } = groupRelations([relation('orbits_around', 'mlg://service/a/b')], false);
  expect(groups[0]?.label.title).toBe('orbits around');
});

test('the sentence names what is single and counts the rest', () => {
  const { groups } = groupRelations(MANY.slice(0, 6), false);
  expect(relationSentence(groups)).toBe(
    'Written by \u2068ratings.load\u2069, read by 2 workflows, \u2068feed\u2069 depending on it.',
  );
  expect(relationSentence([])).toBe('');
});

test('a long name is counted, not spelled', () => {
  const { groups } = groupRelations([relation('input_to', `mlg://workflow/a/${'x'.repeat(2000)}`)], false);
  expect(relationSentence(groups)).toBe('Read by 1 workflow.');
});

test('a version is made, a dataset is written', () => {
  const made = { ...relation('outputs', 'mlg://workflow/a/train', { direction: 'in' }), target: 'mlg://model_version/m/r%2F1' };
  expect(groupRelations([made], false).groups[0]?.label.title).toBe('Made by');
});
