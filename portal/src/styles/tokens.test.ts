import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const css = readFileSync(new URL('./tokens.css', import.meta.url), 'utf8');
const colours = new Map(
  [...css.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)].map(([, name = '', light = '', dark = '']) => [
    name,
    [light, dark] as const,
  ]),
);

function colour(name: string, theme: 0 | 1): string {
  const found = colours.get(name)?.[theme];
  if (!found) throw new Error(`tokens.css has no colour --${name}`);
  return found;
}

/** Relative luminance (WCAG 2.2). */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((channel) => (channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(front: string, back: string): number {
  const [low = 0, high = 0] = [luminance(front), luminance(back)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

const SURFACES = ['bg', 'bg-2', 'bg-3'];
const TEXT = ['t1', 't2', 't3', 'accent', 'past', 'ok', 'warn', 'bad'];
const OWN_TINT = ['accent', 'past', 'ok', 'warn', 'bad'];
const MARKS = ['sev-critical', 'sev-high', 'sev-medium', 'sev-low', 'edge'];

for (const theme of [0, 1] as const) {
  const at = (front: string, back: string) => contrast(colour(front, theme), colour(back, theme));
  const label = theme === 0 ? 'light' : 'dark';

  test(`text is readable on every surface and tint: ${label}`, () => {
    const pairs = [...TEXT.flatMap((text) => SURFACES.map((surface) => [text, surface])), ['on-accent', 'accent']];
    pairs.push(
      ...OWN_TINT.flatMap((name) => [
        [name, `${name}-bg`],
        ['t1', `${name}-bg`],
        ['t2', `${name}-bg`],
      ]),
    );
    const weak = pairs.filter(([front = '', back = '']) => at(front, back) < 4.5);
    expect(weak).toEqual([]);
  });

  test(`marks and borders of controls are seen: ${label}`, () => {
    expect(MARKS.filter((mark) => at(mark, 'bg') < 3)).toEqual([]);
  });

  test(`severities keep their order in greyscale: ${label}`, () => {
    const steps = ['sev-critical', 'sev-high', 'sev-medium', 'sev-low'].map((name) => at(name, 'bg'));
    expect(steps).toEqual([...steps].sort((a, b) => b - a));
  });
}

test('no other style sheet names a colour', () => {
  const sheets = import.meta.glob('../**/*.css', { query: '?raw', import: 'default', eager: true }) as Record<string, string>;
  const naming = Object.entries(sheets).filter(
    ([path, text]) => !path.endsWith('tokens.css') && /#[0-9a-f]{3,8}\b|rgba?\(|hsl/i.test(text),
  );
  expect(Object.keys(sheets).length).toBeGreaterThan(5);
  expect(naming.map(([path]) => path)).toEqual([]);
});
