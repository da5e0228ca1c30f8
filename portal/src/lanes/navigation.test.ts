import { describe, expect, it } from 'vitest';
import { type Move, moved, nearestOpen, openerId } from './navigation';
import { linksByMark } from './paths';
import { picture } from './picture';
import type { Scene } from './scene';
import { asset, fold, link, sceneOf } from './testing';

const MARKS = [
  asset({ id: 'root', at: [0, 0] }),
  asset({ id: 'far', at: [2, 1] }),
  asset({ id: 'near', at: [0, 1], order: 1 }),
  fold({ id: 'f', at: [1, 1], count: 2, open: true }),
  asset({ id: 'f1', at: [1, 1], parent: 'f', order: 0 }),
  asset({ id: 'f2', at: [1, 1], parent: 'f', order: 1 }),
  asset({ id: 'hidden', at: [0, 1], order: 0, present: 'later', count: 0 }),
];
const LINKS = [link('root', 'far'), link('root', 'near'), link('root', 'f1'), link('root', 'hidden')];

function press(move: Move, from: string, scene: Scene = sceneOf(MARKS, LINKS)): string | null {
  return moved(move, from, picture(scene), linksByMark(scene.links));
}

describe('arrow keys', () => {
  it('follow links, the nearest row first', () => {
    expect(press('right', 'root')).toBe('near');
    expect(press('left', 'far')).toBe('root');
    expect(press('right', 'near')).toBe(null);
  });

  it('walk up and down within the column, through opened folds and past empty places', () => {
    const walk = ['near', 'f', 'f1', 'f2', 'far'];
    for (const [index, id] of walk.entries()) {
      expect(press('down', id)).toBe(walk[index + 1] ?? null);
      expect(press('up', id)).toBe(walk[index - 1] ?? null);
    }
  });

  it('lead home', () => {
    expect(press('home', 'far')).toBe('root');
  });

  it('lead from an opened fold to what is beside it', () => {
    const marks = [...MARKS, asset({ id: 'beside', at: [1, 0] })];
    expect(press('left', 'f', sceneOf(marks, LINKS))).toBe('beside');
  });

  it('reach every mark of a picture with links from the root', () => {
    const scene = sceneOf(MARKS, LINKS);
    const seen = new Set<string>(['root']);
    const queue = ['root'];
    for (let at = queue.shift(); at; at = queue.shift())
      for (const move of ['left', 'right', 'up', 'down', 'home'] as const) {
        const next = press(move, at, scene);
        if (next && !seen.has(next)) {
          seen.add(next);
          queue.push(next);
        }
      }
    expect([...seen].sort()).toEqual(['f', 'f1', 'f2', 'far', 'near', 'root']);
  });

  it('lead left to a row that stands for several', () => {
    const scene = sceneOf(MARKS, LINKS);
    scene.rows = scene.rows.map((row, index) => (index === 2 ? { ...row, rows: 17 } : row));
    expect(press('left', 'root', scene)).toBe(openerId(2));
    expect(press('right', openerId(2), scene)).toBe('root');
  });
});

describe('Backspace', () => {
  it('closes the fold itself or the nearest around the mark', () => {
    const drawn = picture(sceneOf(MARKS));
    expect(nearestOpen('f2', drawn)?.id).toBe('f');
    expect(nearestOpen('f', drawn)?.id).toBe('f');
    expect(nearestOpen('near', drawn)).toBe(null);
  });
});
