import { describe, expect, it } from 'vitest';
import { nearestMoment, stepped, timeline } from './moments';
import { shorten } from './shorten';
import { measure } from './testing';
import { commandWords, laterView, listQuery, readComparison, readView, rooted, sceneQuery } from './view';

const URI = 'mlg://dataset/s3%3A%2F%2Flake/ratings';

describe('the view in the URL', () => {
  it('has the names of the API and drops what is unknown', () => {
    const view = readView({
      uri: URI,
      open: 'a,b,a',
      kind: ['dataset', 'model'],
      direction: 'sideways',
      by: 'kind',
      certain: 'true',
      x: 1,
    });
    expect(view).toEqual({ uri: URI, open: ['a', 'b'], kind: ['dataset', 'model'], by: 'kind', certain: true });
  });

  it('asks about any change on the impact page, and about none on the lineage page', () => {
    expect(sceneQuery('impact', { uri: URI })).toMatchObject({ uri: URI, change: 'any' });
    expect(sceneQuery('lineage', { uri: URI, change: 'values' }).change).toBeUndefined();
    expect(sceneQuery('impact', { uri: URI, open: ['a', 'b'] }).open).toBe('a,b');
  });

  it('asks for the same answer as a list without what only the picture has', () => {
    const view = readView({ uri: URI, change: 'values', by: 'kind', open: 'a', select: 'a', as_of: '2026-11-01T00:00:00Z' });
    expect(Object.entries(listQuery('impact', view)).filter(([, value]) => value !== undefined)).toEqual([
      ['uri', URI],
      ['change', 'values'],
      ['as_of', '2026-11-01T00:00:00Z'],
    ]);
  });

  it('knows the later moment of a comparison as the moment of its picture', () => {
    const search = readComparison({
      uri: URI,
      from: '2026-10-01T00:00:00Z',
      to: '2026-11-01T00:00:00Z',
      as_of: 'x',
      change: 'values',
    });
    expect(search).toEqual({ uri: URI, from: '2026-10-01T00:00:00Z', to: '2026-11-01T00:00:00Z' });
    expect(laterView(search)).toEqual({ uri: URI, as_of: '2026-11-01T00:00:00Z' });
    expect(laterView({ uri: URI })).toEqual({ uri: URI });
  });

  it('leaves behind what belongs to the old picture when another asset becomes the root', () => {
    const view = readView({ uri: URI, change: 'retire', open: 'a', select: 'a', as_of: '2026-11-01T00:00:00Z' });
    expect(rooted(view, 'mlg://model/x/y')).toEqual({ uri: 'mlg://model/x/y', change: 'retire', as_of: '2026-11-01T00:00:00Z' });
  });

  it('gives the command that prints the same', () => {
    expect(commandWords('impact', { uri: URI, change: 'schema' })).toEqual(['mlgraph', 'impact', URI, '--change', 'schema']);
    const view = { uri: URI, direction: 'upstream', kind: ['model'], certain: true } as const;
    const words = ['mlgraph', 'lineage', URI, '--direction', 'upstream', '--kind', 'model', '--certain'];
    expect(commandWords('lineage', view)).toEqual(words);
  });
});

describe('the slider', () => {
  const moments = ['2026-10-25T00:00:00Z', '2026-10-26T00:00:00Z', '2026-10-29T00:00:00Z'].map((at) => ({
    at,
    appeared: 1,
    gone: 0,
    stands_for: 1,
  }));

  it('stands at the last moment that is not after the answer', () => {
    expect(timeline(moments, null)).toMatchObject({ at: 2, past: false });
    expect(timeline(moments, '2026-10-28T00:00:00Z')).toMatchObject({ at: 1, past: true });
    expect(timeline(moments, '2020-01-01T00:00:00Z').at).toBe(-1);
    expect(timeline(moments, null).ticks.map((tick) => tick.place)).toEqual([0, 0.25, 1]);
  });

  it('steps to the neighbours; the last moment is now', () => {
    expect(stepped(timeline(moments, null), -1)).toBe('2026-10-26T00:00:00Z');
    expect(stepped(timeline(moments, null), 1)).toBeUndefined();
    expect(stepped(timeline(moments, '2026-10-26T00:00:00Z'), 1)).toBe(null);
    expect(stepped(timeline(moments, '2026-10-25T00:00:00Z'), 1)).toBe('2026-10-26T00:00:00Z');
    expect(stepped(timeline(moments, '2026-10-25T00:00:00Z'), -1)).toBeUndefined();
  });

  it('finds the tick at a place', () => {
    expect(nearestMoment(timeline(moments, null), 0.3)).toBe('2026-10-26T00:00:00Z');
    expect(nearestMoment(timeline(moments, null), 0.9)).toBe(null);
    expect(nearestMoment(timeline([], null), 0.5)).toBe(null);
  });
});

describe('a long name', () => {
  it('stays whole where it fits', () => {
    expect(shorten('ratings', 60, measure)).toEqual({ head: 'ratings', tail: '', width: null });
  });

  it('loses its folder first', () => {
    expect(shorten('features/very/title_popularity', 110, measure)).toMatchObject({ tail: 'title_popularity', width: 0 });
  });

  it('loses its middle then, and keeps its suffix', () => {
    const { head, tail, width } = shorten('title-popularity.build', 80, measure);
    expect([head, tail]).toEqual(['title-popularity', '.build']);
    expect((width ?? 0) + measure(tail)).toBeLessThanOrEqual(82);
  });

  it('keeps its end, because names differ there, and all of its text', () => {
    for (const room of [40, 60, 90, 200]) {
      const name = `a_${'very_'.repeat(380)}long_name_of_table_7`;
      const { head, tail } = shorten(name, room, measure);
      expect(head + tail).toBe(name);
      expect(tail.endsWith('_7')).toBe(true);
      expect(measure(tail)).toBeLessThanOrEqual(room);
    }
  });
});
