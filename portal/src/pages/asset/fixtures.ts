import type { Asset, Moment, Relation } from '@/api/generated';

/** Parts of answers for the tests of this folder. */
export const RATINGS = 'mlg://dataset/s3%3A%2F%2Flake/ratings';

export function relation(name: string, other: string, overrides: Partial<Relation> = {}): Relation {
  const direction = overrides.direction ?? 'out';
  return {
    source: direction === 'out' ? RATINGS : other,
    relation: name,
    target: direction === 'out' ? other : RATINGS,
    name: decodeURIComponent(other.split('/').at(-1) ?? ''),
    direction,
    origins: ['openlineage'],
    valid_from: '2026-10-25T15:00:00Z',
    valid_to: null,
    properties: {},
    certainty: 'certain',
    ...overrides,
  };
}

export const moment = (valid_from: string, state: unknown, overrides: Partial<Moment> = {}): Moment => ({
  valid_from,
  valid_to: null,
  origin: 'openlineage',
  state,
  recorded_at: valid_from,
  actor: 'local',
  ...overrides,
});

export const asset = (overrides: Partial<Asset> = {}): Asset => ({
  uri: RATINGS,
  kind: 'dataset',
  name: 'ratings',
  names: [],
  ambiguous: [],
  description: null,
  owners: [],
  tags: [],
  links: [],
  deprecated: false,
  successor: null,
  fields: {},
  properties: {},
  environment: null,
  origins: ['openlineage'],
  valid_from: '2026-10-25T15:00:00Z',
  deleted_at: null,
  referenced_only: false,
  relations: [],
  relations_total: 0,
  history: [],
  health: { status: 'unknown', reasons: [] },
  usage: { reads: { runs_30d: 0, requests_30d: 0 }, last_read_at: null },
  etag: 'e1',
  as_of: '2026-11-30T15:00:00Z',
  partial: false,
  reason: null,
  cold_runs: 0,
  watermark: 7,
  ...overrides,
});
