import { describe, expect, it } from 'vitest';
import type { Team } from '@/api/generated';
import { ownedKinds, teamSummary } from './team-words';

const TEAM: Team = {
  uri: 'mlg://team/org/ads',
  name: 'ads',
  members: [],
  members_total: 1,
  owns: { dataset: 2, model: 2, service: 1 },
  total: 5,
  depends_on: [
    { team: 'mlg://team/org/data', name: 'data', assets: 3 },
    { team: null, name: null, assets: 1 },
  ],
  depended_on_by: [],
  as_of: '2026-11-01T00:00:00Z',
  watermark: 1,
};

describe('a team', () => {
  it('is summed up in one sentence, in which assets without a team are no team', () => {
    expect(teamSummary(TEAM)).toBe('It owns 5 assets, has 1 member, reads from 1 other team and is read by 0 other teams.');
    expect(teamSummary({ ...TEAM, total: 0 })).toMatch(/^It owns nothing, /);
  });

  it('lists what it owns, the most frequent kind first', () => {
    expect(ownedKinds({ service: 1, model: 2, dataset: 2, run: 0 })).toEqual([
      ['dataset', 2],
      ['model', 2],
      ['service', 1],
    ]);
  });
});
