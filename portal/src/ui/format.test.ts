import { expect, test } from 'vitest';
import {
  counted,
  formatAgo,
  formatCount,
  formatDay,
  formatDifference,
  formatDuration,
  formatShare,
  formatTime,
  nameOfUri,
  splitName,
  uriParts,
} from './format';

const now = new Date(2026, 10, 29, 16, 5);

test('counts have separators and a true minus', () => {
  expect(formatCount(40120)).toBe('40,120');
  expect(formatCount(-3)).toBe('\u22123');
  expect([counted(1, 'asset'), counted(0, 'asset'), counted(2, 'match', 'matches')]).toEqual([
    '1 asset',
    '0 assets',
    '2 matches',
  ]);
});

test('shares have two digits that count', () => {
  expect([0, 0.05, 0.0016, 0.5, 1, -0.05].map(formatShare)).toEqual(['0 %', '5 %', '0.16 %', '50 %', '100 %', '\u22125 %']);
});

test('differences have their sign', () => {
  expect([formatDifference(5485), formatDifference(-0.0025, 4), formatDifference(0)]).toEqual(['+5,485', '\u22120.0025', '0']);
});

test('durations have one unit', () => {
  expect([0.041, 1, 59.9, 60, 3600, 259_200].map(formatDuration)).toEqual(['41 ms', '1 s', '59 s', '1 min', '1 h', '3 d']);
});

test('a time says as much as it must', () => {
  expect(formatTime(new Date(2026, 10, 29, 15, 52), now)).toBe('15:52');
  expect(formatTime(new Date(2026, 10, 26, 17, 0), now)).toBe('26 Nov, 17:00');
  expect(formatTime(new Date(2025, 10, 26, 17, 0), now)).toBe('26 Nov 2025');
});

test('a time is relative under a day only', () => {
  expect(formatAgo(new Date(2026, 10, 29, 15, 53), now)).toBe('12 min ago');
  expect(formatAgo(new Date(2026, 10, 29, 16, 4, 50), now)).toBe('just now');
  expect(formatAgo(new Date(2026, 10, 28, 15, 0), now)).toBe('28 Nov, 15:00');
  expect(formatAgo(new Date(2026, 10, 29, 16, 6), now)).toBe('16:06'); // a clock that is ahead is no reason for "in 1 min"
});

test('days are named', () => {
  expect(formatDay(now, now)).toBe('Today');
  expect(formatDay(new Date(2026, 10, 26), now)).toBe('Thursday, 26 Nov');
  expect(formatDay(new Date(2025, 0, 2), now)).toBe('Thursday, 2 Jan 2025');
});

test('the end of a name stays together, and no character is cut in two', () => {
  expect(splitName('ratings')).toEqual({ head: 'ratings', tail: '' });
  expect(splitName('features/title_popularity')).toEqual({ head: 'features', tail: '/title_popularity' });
  expect(splitName('title-popularity.build')).toEqual({ head: 'title-popularity', tail: '.build' });
  for (const name of ['x'.repeat(2000), '\u{1f984}'.repeat(20), 'a/b/'.repeat(30)]) {
    const { head, tail } = splitName(name);
    expect(head + tail).toBe(name);
    expect(tail.isWellFormed() && head.isWellFormed()).toBe(true);
  }
});

test('a URI has three parts', () => {
  expect(uriParts('mlg://dataset/s3%3A%2F%2Flake/ratings%2Fdaily')).toEqual({
    kind: 'dataset',
    namespace: 's3://lake',
    name: 'ratings/daily',
  });
  expect(nameOfUri('mlg://team/org/data%20platform')).toBe('data platform');
  for (const wrong of ['ratings', 'mlg://dataset/a', 'mlg://dataset/a/%E0%A4%A']) {
    expect(uriParts(wrong)).toBeNull();
    expect(nameOfUri(wrong)).toBe(wrong);
  }
});
