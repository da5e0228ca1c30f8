import { expect, test } from 'vitest';
import { actionEntries, assetEntries, matching, pageEntries } from './palette-entries';

const run = () => undefined;

test('lists the pages that exist, by what they are for', () => {
  expect(pageEntries(['/', '/live', '/asset']).map((entry) => entry.text)).toEqual(['Start', 'Live: which versions serve what']);
});

test('lists what keys do, but not the key of the palette itself', () => {
  const entries = actionEntries([
    { key: '/', does: 'search', run },
    { key: 'Ctrl+k', does: 'palette', run },
  ]);
  expect(entries.map(({ text, detail }) => [text, detail])).toEqual([['Search', '/']]);
});

test('an entry matches if its text has every word', () => {
  const entries = pageEntries(['/', '/dead-letters', '/coverage']);
  expect(matching(entries, 'LETTERS dead').map((entry) => entry.id)).toEqual(['page /dead-letters']);
  expect(matching(entries, 'dead weights')).toEqual([]);
});

test('an asset opens its page', () => {
  const [entry] = assetEntries([{ uri: 'mlg://model/a/b', kind: 'model_version', name: 'b', at: 0 }], 'Opened last');
  expect(entry).toMatchObject({ detail: 'model version', target: { page: '/asset', search: { uri: 'mlg://model/a/b' } } });
});
