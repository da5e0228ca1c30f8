import { expect, test } from 'vitest';
import type { Source } from '@/api/generated';
import { existenceOf } from './existence';
import { asset, moment } from './fixtures';
import { isWebAddress, toolLinks } from './tool-links';

const MLFLOW = { name: 'prod', kind: 'mlflow', url: 'https://mlflow.example/', state: 'following' } as Source;
const of = (kind: string, name: string, properties: Record<string, unknown> = {}, namespace = 'mlflow:prod') =>
  toolLinks({ uri: `mlg://${kind}/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`, kind, properties }, [
    MLFLOW,
  ]).map((link) => link.href);

test('links lead to the asset in its MLflow', () => {
  expect(of('model', 'ranker v1')).toEqual(['https://mlflow.example/#/models/ranker%20v1']);
  expect(of('model_version', 'a/b/3')).toEqual(['https://mlflow.example/#/models/a%2Fb/versions/3']);
  expect(of('run', 'f00', { experiment_id: '7' })).toEqual(['https://mlflow.example/#/experiments/7/runs/f00']);
  expect(of('run', 'f00')).toEqual([]);
  expect(of('model', 'ranker', {}, 'mlflow:elsewhere')).toEqual([]);
});

test('only web addresses are followed', () => {
  expect(of('workflow', 'w', { source_code_location: { url: 'https://git.example/x.py' } }, 'airflow')).toEqual([
    'https://git.example/x.py',
  ]);
  expect(of('workflow', 'w', { source_code_location: { url: 'javascript:alert(1)' } }, 'airflow')).toEqual([]);
  for (const text of ['javascript:alert(1)', 'data:text/html,x', ' https://a', 'ftp://a', '//a', 7])
    expect(isWebAddress(text)).toBe(false);
});

test('an asset is present, deleted, referenced only or of the future', () => {
  expect(existenceOf(asset())).toEqual({ is: 'present' });
  expect(existenceOf(asset({ deleted_at: '2026-11-01T00:00:00Z', valid_from: null }))).toEqual({
    is: 'deleted',
    at: '2026-11-01T00:00:00Z',
  });
  expect(existenceOf(asset({ referenced_only: true, valid_from: null }))).toEqual({ is: 'referenced' });
  const history = [moment('2027-01-01T00:00:00Z', {})];
  expect(existenceOf(asset({ valid_from: null, history }))).toEqual({ is: 'future', from: '2027-01-01T00:00:00Z' });
});
