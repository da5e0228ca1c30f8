import { expect, test } from 'vitest';
import { parseQuery, queryString } from './query-string';

test('lists are repeated, and what is absent is left out', () => {
  const query = {
    q: 'a b',
    kind: ['model', 'dataset'],
    limit: 20,
    prefix: true,
    certain: false,
    cursor: undefined,
    owner: null,
    tag: '',
  };
  expect(queryString(query)).toBe('?q=a+b&kind=model&kind=dataset&limit=20&prefix=true');
  expect(queryString({})).toBe('');
});

test('an address comes back as it was written', () => {
  const uri = 'mlg://dataset/s3%3A%2F%2Flake/ratings%2Fdaily';
  const query = { uri, kind: ['model', 'dataset'], q: 'true', name: '<b>&=#?\u05d0\u{1f984}' };
  expect(parseQuery(queryString(query))).toEqual(query);
  expect(parseQuery('?as_of=2026-11-08T15%3A00%3A00%2B01%3A00&flag')).toEqual({ as_of: '2026-11-08T15:00:00+01:00', flag: '' });
});
