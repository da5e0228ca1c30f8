import { describe, expect, it } from 'vitest';
import { layout } from './layout';
import { linkKey, linksByMark, linksOf, wayTo } from './paths';
import { picture } from './picture';
import { route } from './routes';
import { asset, fold, link, measure, sceneOf } from './testing';

const CHAIN = [
  asset({ id: 'root', at: [0, 0] }),
  asset({ id: 'a', at: [0, 1] }),
  asset({ id: 'b', at: [1, 2] }),
  asset({ id: 'c', at: [1, 3] }),
  fold({ id: 'f', at: [0, 2], count: 5 }),
];
const LINKS = [link('root', 'a'), link('a', 'b'), link('b', 'c'), link('root', 'c'), link('a', 'f'), link('f', 'c')];

function way(id: string, marks = CHAIN, links = LINKS) {
  return wayTo(id, picture(sceneOf(marks, links)), linksByMark(links));
}

describe('the way to a mark', () => {
  it('is the shortest over the drawn links', () => {
    expect(way('b')).toEqual({ marks: ['root', 'a', 'b'], exact: true });
    expect(way('c')).toEqual({ marks: ['root', 'c'], exact: true });
    expect(way('root')).toEqual({ marks: ['root'], exact: true });
  });

  it('is not exact where it crosses a fold, and exact where it ends in one', () => {
    const links = [link('root', 'a'), link('a', 'f'), link('f', 'c')];
    expect(way('c', CHAIN, links)).toEqual({ marks: ['root', 'a', 'f', 'c'], exact: false });
    expect(way('f', CHAIN, links).exact).toBe(true);
  });

  it('is not exact for the impact of a change, unless it is one link', () => {
    const drawn = picture(sceneOf(CHAIN, LINKS, { change: 'schema' }));
    const links = linksByMark(LINKS);
    expect(wayTo('a', drawn, links).exact).toBe(true);
    expect(wayTo('b', drawn, links).exact).toBe(false);
  });

  it('runs from a source to the root in upstream pictures', () => {
    const marks = [asset({ id: 'root', at: [0, 2] }), asset({ id: 's', at: [0, 0] }), asset({ id: 'm', at: [0, 1] })];
    expect(way('s', marks, [link('s', 'm'), link('m', 'root')])).toEqual({ marks: ['s', 'm', 'root'], exact: true });
  });

  it('is empty for a mark that no drawn link leads to', () => {
    expect(way('b', CHAIN, [])).toEqual({ marks: [], exact: false });
  });

  it('ends in a cycle', () => {
    expect(way('b', CHAIN, [link('root', 'a'), link('a', 'b'), link('b', 'a')]).marks).toEqual(['root', 'a', 'b']);
  });

  it('names its links', () => {
    expect([...linksOf(['root', 'a', 'b'])]).toEqual([linkKey('root', 'a'), linkKey('a', 'b')]);
  });
});

describe('the route of a link', () => {
  const drawn = picture(sceneOf(CHAIN, LINKS));
  const placed = layout(drawn, 1000, measure);

  it('turns once in the gutter between neighbours', () => {
    const root = placed.marks.get('root');
    const a = placed.marks.get('a');
    expect(route(link('root', 'a'), drawn, placed)).toBe(
      `M${(root?.x ?? 0) + (root?.width ?? 0)} ${(root?.y ?? 0) + 14}H${a?.x}`,
    );
    expect(route(link('a', 'b'), drawn, placed).match(/V/g)).toHaveLength(1);
  });

  it('crosses other columns in the corridor above the row of its end', () => {
    const row = placed.rows[1]?.y ?? 0;
    expect(route(link('root', 'c'), drawn, placed)).toContain(` ${row + 4}H`);
  });

  it('is empty for a link whose end is not drawn', () => {
    expect(route(link('root', 'nobody'), drawn, placed)).toBe('');
  });
});
