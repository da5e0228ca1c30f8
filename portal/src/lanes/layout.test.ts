import { describe, expect, it } from 'vitest';
import { type Box, layout } from './layout';
import { picture } from './picture';
import type { Scene, SceneMark } from './scene';
import { asset, fold, measure, randoms, sceneOf } from './testing';

const ROOM = 1100;

function placed(scene: Scene, room = ROOM) {
  return layout(picture(scene), room, measure);
}

/** A closed fold a cell in a table of rows and columns, and the root. */
function hub(rows: number, columns: number): SceneMark[] {
  const marks: SceneMark[] = [asset({ id: 'root', at: [0, 0] })];
  for (let row = 0; row < rows; row++)
    for (let column = 1; column < columns; column++)
      marks.push(fold({ id: `f${row}.${column}`, at: [row, column], count: 30, kinds: { dataset: 20, model: 10 } }));
  return marks;
}

function opened(marks: SceneMark[], id: string, parts: number): SceneMark[] {
  const result = marks.map((mark) =>
    mark.id === id && mark.fold ? { ...mark, count: 0, fold: { ...mark.fold, open: true } } : mark,
  );
  const at = marks.find((mark) => mark.id === id)?.at ?? [0, 0];
  for (let index = 0; index < parts; index++)
    result.push(fold({ id: `${id}/${index}`, at, count: 1, parent: id, order: index, split: 'namespace' }));
  return result;
}

describe('layout', () => {
  it('moves no mark of another column and keeps the order of its own when a fold opens', () => {
    const random = randoms(13);
    let marks = hub(12, 8);
    for (let action = 0; action < 40; action++) {
      const closed = marks.filter((mark) => mark.fold && !mark.fold.open);
      const chosen = closed[Math.floor(random() * closed.length)];
      if (!chosen) break;
      const before = placed(sceneOf(marks));
      marks = opened(marks, chosen.id, 1 + Math.floor(random() * 12));
      const after = placed(sceneOf(marks));
      for (const mark of marks) {
        const was = before.marks.get(mark.id);
        const is = after.marks.get(mark.id);
        if (was && mark.at[1] !== chosen.at[1]) expect(is).toEqual(was);
        if (was && mark.at[1] === chosen.at[1] && mark.at[0] < chosen.at[0]) expect(is).toEqual(was);
      }
      expect(after.columns).toEqual(before.columns);
      expect(after.rows).toEqual(before.rows);
    }
  });

  it('draws no mark over another', () => {
    const random = randoms(7);
    let marks = hub(6, 5);
    for (let action = 0; action < 10; action++) {
      const closed = marks.filter((mark) => mark.fold && !mark.fold.open);
      marks = opened(marks, closed[Math.floor(random() * closed.length)]?.id ?? '', 6);
    }
    const result = placed(sceneOf(marks));
    const boxes = [...result.marks.values()];
    expect(boxes.length).toBe(marks.length);
    for (const [index, one] of boxes.entries())
      for (const other of boxes.slice(index + 1)) expect(overlap(one, other)).toBe(false);
    expect(Math.max(...boxes.map((box) => box.y + box.height))).toBeLessThanOrEqual(result.height);
  });

  it('says the team of a cell that slid below its row', () => {
    const result = placed(sceneOf(opened(hub(3, 2), 'f0.1', 8)));
    expect(result.cells.filter((cell) => cell.slid).map((cell) => cell.cell.row)).toEqual([1, 2]);
  });

  it('gives columns what their names need, and takes from the widest first', () => {
    const marks = [
      asset({ id: 'root', at: [0, 0], name: 'a' }),
      asset({ id: 'b', at: [0, 1], name: 'x'.repeat(40) }),
      asset({ id: 'c', at: [0, 2], name: 'y'.repeat(20) }),
    ];
    expect(placed(sceneOf(marks)).columns.map((column) => column.width)).toEqual([88, 210, 174]);
    const narrow = placed(sceneOf(marks), 128 + 32 + 88 + 300);
    expect(narrow.columns.map((column) => column.width)).toEqual([88, 150, 150]);
    const least = placed(sceneOf(marks), 300);
    expect(least.columns.map((column) => column.width)).toEqual([88, 100, 100]);
  });

  it('keeps the place of what is not there at this moment', () => {
    const marks = (present: 'same' | 'later') => [
      asset({ id: 'root', at: [0, 0] }),
      asset({ id: 'a', at: [0, 1], order: 0, present, count: present === 'same' ? 1 : 0 }),
      asset({ id: 'b', at: [0, 1], order: 1 }),
    ];
    expect(placed(sceneOf(marks('later'))).marks).toEqual(placed(sceneOf(marks('same'))).marks);
  });

  it('places a picture without columns', () => {
    expect(placed(sceneOf([asset({ id: 'root', at: [0, 0] })])).marks.get('root')).toMatchObject({ x: 128, y: 44 });
  });
});

function overlap(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}
