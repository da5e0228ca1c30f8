import { expect, it } from 'vitest';
import { columnUri } from '@/pages/asset/columns';
import { datasetOf } from './dataset-of';

it('finds the dataset of a column, whatever their names contain', () => {
  for (const uri of ['mlg://dataset/s3%3A%2F%2Flake/ratings%2Fdaily', 'mlg://dataset/a/t%23x'])
    for (const column of ['rating', 'c#1 (!)', '%23']) expect(datasetOf(columnUri({ uri }, column) ?? '')).toBe(uri);
});

it('knows a dataset, and nothing of other kinds', () => {
  expect(datasetOf('mlg://dataset/a/b')).toBe('mlg://dataset/a/b');
  expect(datasetOf('mlg://model/a/b')).toBe(null);
});
