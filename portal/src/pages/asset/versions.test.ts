import { expect, test } from 'vitest';
import { moment, relation } from './fixtures';
import { datasetVersions, metricsOf, modelVersions, parametersOf } from './versions';

const profiled = (at: string, until: string | null, rows: number, columns: string[]) =>
  moment(
    at,
    { properties: { profile: { num_rows: rows }, schema: columns.map((name) => ({ name, type: 'long' })) } },
    { valid_to: until, origin: 'mlflow' },
  );

test('versions of a dataset, newest first, with what was trained while they were current', () => {
  const history = [
    profiled('2026-11-01T00:00:00Z', '2026-11-07T00:00:00Z', 100, ['a']),
    moment('2026-11-02T00:00:00Z', { description: 'no profile' }),
    profiled('2026-11-07T00:00:00Z', null, 90, ['a', 'b']),
  ];
  const trained = { direction: 'in' as const, valid_from: '2026-11-07T00:00:00Z' };
  const relations = [relation('trained_on', 'mlg://model_version/m/r%2F2', trained)];
  expect(datasetVersions({ history, relations })).toMatchObject([
    { seen: '2026-11-07T00:00:00Z', rows: 90, rowsMore: -10, columns: 'b new', trained: [{ name: 'r/2' }] },
    { seen: '2026-11-01T00:00:00Z', rows: 100, rowsMore: null, columns: '', trained: [] },
  ]);
});

test('versions of a model by number, with their aliases', () => {
  const version = (number: number) => relation('version_of', `mlg://model_version/m/r%2F${number}`, { direction: 'in' });
  const alias = relation('points_to', 'mlg://model_version/m/r%2F9', { properties: { aliases: ['champion'] } });
  const found = modelVersions([version(9), version(10), version(2), alias]);
  expect(found.map((each) => [each.name, each.aliases])).toEqual([
    ['r/10', []],
    ['r/9', ['champion']],
    ['r/2', []],
  ]);
});

test('only numbers are metrics, and only plain values parameters', () => {
  const properties = {
    metrics: { auc: 0.9, note: 'x' },
    logged_model: { metrics: { loss: 1 }, params: { depth: 3, odd: { a: 1 } } },
  };
  expect([...metricsOf(properties)]).toEqual([
    ['auc', 0.9],
    ['loss', 1],
  ]);
  expect(parametersOf(properties)).toEqual([['depth', '3']]);
  expect(metricsOf({ metrics: [1], logged_model: 'x' }).size).toBe(0);
});
