import { expect, test } from 'vitest';
import type { LiveDeployment, LiveService } from '@/api/generated';
import { healthOf, servedSince, servings, summaryOf } from './shares';

const deployment = (name: string, weight: number | null, health: string | null, ...versions: string[]): LiveDeployment => ({
  uri: `mlg://deployment/org/${name}`,
  name,
  weight,
  health,
  since: '2026-11-02T00:00:00Z',
  versions: versions.map((each) => ({ uri: `mlg://model_version/org/${each}`, name: each, since: '2026-11-08T00:00:00Z' })),
});

const service = (...deployments: LiveDeployment[]): LiveService => ({
  uri: 'mlg://service/org/feed',
  name: 'feed',
  team: null,
  deployments,
});

test('weights are relative to each other, and the largest share is first', () => {
  const found = servings(service(deployment('b', 1, 'ok', 'm/2'), deployment('a', 19, 'ok', 'm/1')));
  expect(found.map((each) => [each.version?.name, each.share])).toEqual([
    ['m/1', 0.95],
    ['m/2', 0.05],
  ]);
});

test('a share that no weight says is not guessed', () => {
  expect(
    servings(service(deployment('a', null, 'ok', 'm/1'), deployment('b', 3, 'ok', 'm/2'))).map((each) => each.share),
  ).toEqual([null, null]);
  expect(servings(service(deployment('a', 1, 'ok', 'm/1', 'n/1'))).map((each) => each.share)).toEqual([null, null]);
  expect(servings(service(deployment('a', null, 'ok', 'm/1')))[0]?.share).toBe(1);
  expect(servings(service(deployment('a', 0, 'ok', 'm/1')))[0]?.share).toBe(0);
});

test('a deployment without a model stays listed', () => {
  expect(servings(service(deployment('a', 1, 'ok')))).toEqual([
    { deployment: 'mlg://deployment/org/a', version: null, share: 1, since: '2026-11-02T00:00:00Z' },
  ]);
});

test('the worst health is that of the service, in the word that was reported', () => {
  expect(healthOf(service(deployment('a', 1, 'healthy'), deployment('b', 1, 'Degraded')))).toEqual({
    health: 'failing',
    word: 'Degraded',
  });
  expect(healthOf(service(deployment('a', 1, 'healthy'), deployment('b', 1, null)))).toEqual({
    health: 'unknown',
    word: 'unknown',
  });
  expect(healthOf(service(deployment('a', 1, 'healthy')))).toEqual({ health: 'ok', word: 'healthy' });
  expect(healthOf(service())).toEqual({ health: 'unknown', word: 'nothing serves it' });
});

test('a version that serves twice counts once', () => {
  const services = [service(deployment('a', 1, 'ok', 'm/1')), service(deployment('b', 1, 'down', 'm/1'))];
  expect(summaryOf(services)).toBe('2 services, 2 deployments, 1 version. 1 service failing.');
  expect(servedSince(service())).toBeNull();
});
