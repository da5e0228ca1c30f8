import { expect, test } from 'vitest';
import type { Search } from '@/api/generated';
import { facetValues } from './facets';
import { matchedPieces } from './matched-text';
import { alternatives } from './nothing-found';
import { searchCommand, searchParameters, toggled } from './search-parameters';

const matched = (text: string, words: string[]) =>
  matchedPieces(text, words)
    .map((piece) => (piece.matched ? `[${piece.text}]` : piece.text))
    .join('');

test('the words that matched are marked where a word begins', () => {
  expect(matched('Every rating of movie_ratings, overrating', ['rating'])).toBe('Every [rating] of movie_[rating]s, overrating');
  expect(matched('a.b (c++) <b>', ['c++', 'b'])).toBe('a.b ([c++]) <b>'); // a single letter is no word
  expect(matched('C++ and c', ['c++'])).toBe('[C++] and c');
  expect(matchedPieces('', ['x'])).toEqual([]);
});

test('marking changes no character', () => {
  const text = 'Größe \u05d0\u05d1 <script>alert(1)</script> größe';
  const pieces = matchedPieces(text, ['größe', 'script']);
  expect(pieces.map((piece) => piece.text).join('')).toBe(text);
  expect(pieces.filter((piece) => piece.matched).map((piece) => piece.text)).toEqual(['Größe', 'script', 'script', 'größe']);
});

test('a filter is put on and taken off, and the list begins anew', () => {
  const query = searchParameters({ q: 'a', kind: 'model', limit: '40' });
  expect(toggled(query, 'kind', 'dataset')).toEqual({ q: 'a', kind: ['model', 'dataset'] });
  expect(toggled(query, 'kind', 'model')).toEqual({ q: 'a' });
});

test('the command has the same parameters', () => {
  const query = searchParameters({ q: 'paying customers', team: 'mlg://team/org/a', kind: ['model', 'dataset'] });
  expect(searchCommand(query).join(' ')).toBe(
    'mlgraph search paying customers --kind model --kind dataset --team mlg://team/org/a',
  );
});

test('values are listed most frequent first, chosen ones and all states always', () => {
  const found = { facets: { kind: { model: 2, dataset: 5 }, state: { live: 7 } } } as unknown as Search;
  expect(facetValues('kind', { kind: ['index'] }, found)).toEqual([
    ['dataset', 5],
    ['model', 2],
    ['index', null],
  ]);
  expect(facetValues('state', {}, found)).toEqual([
    ['live', 7],
    ['deprecated', null],
    ['deleted', null],
  ]);
});

test('where nothing is found, nearby queries are tried', () => {
  expect(alternatives({ q: 'ratings "zebra ratings"', kind: ['model'] }).map(({ query }) => query)).toEqual([
    { q: 'ratings "zebra ratings"' },
    { q: 'ratings "zebra ratings"', kind: ['model'], state: ['deleted'] },
    { q: 'ratings' },
    { q: 'zebra' },
  ]);
  expect(alternatives({ q: 'zebra', state: ['deleted'] }).map(({ label }) => label)).toEqual(['without the filters']);
});
