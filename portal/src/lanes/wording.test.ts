import { describe, expect, it } from 'vitest';
import { count, nouns } from './nouns';
import { listed, occurring, owners, whole } from './owners';
import { conserved, picture } from './picture';
import type { Scene, SceneMark, SeparatedBy } from './scene';
import { asset, fold, sceneOf } from './testing';
import { emptyText, equation, say, stepName } from './wording';

function said(mark: SceneMark, more: Partial<Scene> = {}, ...around: SceneMark[]): string {
  const drawn = picture(sceneOf([asset({ id: 'root', at: [0, 0] }), ...around, mark], [], more), { past: true });
  const node = drawn.nodes.get(mark.id);
  return node ? say(node, drawn) : '';
}

const IMPACT = { change: 'schema' } as const;

describe('a mark says', () => {
  it('how many it holds, of what, whose, and what happens to them', () => {
    const effects = { breaks_next_run: 312 };
    const mark = fold({
      id: 'f',
      at: [1, 1],
      count: 312,
      label: 'workflow',
      by: 'kind',
      kinds: { workflow: 312 },
      effects,
      possible: 4,
    });
    expect(said(mark, IMPACT)).toBe('fold, 312 workflows of r1, all break at their next run, 4 possible');
  });

  it('which part of a fold has an effect', () => {
    const mark = fold({ id: 'f', at: [1, 1], count: 1300, unaffected: 2, effects: { breaks_now: 1, tainted: 1200 } });
    expect(said(mark, IMPACT)).toBe('fold, 1,300 assets of r1, 1 breaks now, 1,200 are tainted, 2 not affected');
  });

  it('where its parts come from', () => {
    const whole = fold({ id: 'f', at: [1, 1], count: 3, open: true });
    const part = (by: SeparatedBy, label: string) =>
      said(fold({ id: 'p', at: [1, 1], count: 2, parent: 'f', by, label, kinds: { dataset: 2 } }), {}, whole);
    expect(part('namespace', 's3://lake')).toBe('fold, 2 s3://lake, datasets of r1');
    expect(part('kind', 'dataset')).toBe('fold, 2 datasets of r1');
    expect(part('kind', 'cycles')).toBe('fold, 2 in cycles, datasets of r1');
    expect(part('name', 'a – c')).toBe('fold, 2 a – c, datasets of r1');
    expect(part('group', 'search')).toBe('fold, 2 search, datasets');
    expect(part('rest', '12 more')).toBe('fold, 2 more, datasets of r1');
    expect(said(whole)).toBe('open fold, 3 assets of r1');
  });

  it('that it is a cycle', () => {
    const box = { id: 'b', at: [1, 1] as [number, number], by: 'cycle' as const, label: 'cycle', kinds: { dataset: 3 } };
    expect(said(fold({ ...box, count: 3, cycle: 3 }))).toBe('cycle of 3 assets, 3 in a cycle, datasets of r1');
    expect(said(fold({ ...box, count: 3, cycle: 5, open: true }))).toBe(
      'open cycle of 5 assets, 3 of a cycle of 5, datasets of r1',
    );
    expect(said({ ...asset({ id: 'a', at: [1, 1] }), cycle: { id: 'c1', count: 2 } })).toBe(
      'a, dataset of r1, in a cycle of 2 assets',
    );
  });

  it('who came and who went', () => {
    const mark = (appeared: number, gone: number, same: number) =>
      said(
        fold({ id: 'f', at: [1, 1], count: appeared + same, by: 'kind', label: 'dataset', compared: { appeared, gone, same } }),
      );
    expect(mark(3, 1, 12)).toBe('fold, +3 −1 =12 datasets of r1, 3 appeared in between, 1 gone in between, 12 the same');
    expect(mark(0, 0, 12)).toBe('fold, 12 datasets of r1');
    expect(mark(0, 4, 0)).toBe('fold, −4 datasets of r1, 4 gone in between');
  });

  it('what an asset is, its effect and severity', () => {
    const mark = asset({ id: 'a', at: [1, 1], name: 'x/1', kind: 'model_version', effect: 'breaks_now', severity: 'high' });
    expect(said(mark, IMPACT)).toBe('x/1, version of r1, breaks now, high');
    expect(said(asset({ id: 'a', at: [1, 1], certainty: 'possible' }))).toBe('a, dataset of r1, possible');
  });

  it('that it is not affected, not there, come or gone', () => {
    expect(said(asset({ id: 'a', at: [1, 1], count: 0 }), IMPACT)).toBe('a, dataset of r1, not affected');
    expect(said(asset({ id: 'a', at: [1, 1], count: 0, present: 'gone' }))).toBe('a, dataset of r1, gone by this moment');
    expect(said(asset({ id: 'a', at: [1, 1], present: 'appeared' }))).toBe('a, dataset of r1, came at this moment');
  });

  it('that it is the start', () => {
    const drawn = picture(sceneOf([asset({ id: 'root', at: [0, 0] })], [], IMPACT));
    expect(drawn.root && say(drawn.root, drawn)).toBe('root, dataset of r0, where you started');
  });
});

describe('the equation', () => {
  const marks = [
    asset({ id: 'ratings', at: [0, 0] }),
    fold({ id: 'f', at: [0, 1], count: 40110, effects: { tainted: 40110 } }),
    asset({ id: 'a', at: [1, 1], effect: 'tainted', severity: 'low' }),
  ];

  it('adds up for impact', () => {
    const scene = sceneOf(marks, [], { ...IMPACT, unaffected: 3 });
    const { first, text, total, rest, apart } = equation(scene);
    expect(first + text + total + rest).toBe('40,111 affected + ratings = 40,112 = 2 shown + 40,110 in 1 fold');
    expect(apart).toBe('3 not affected, drawn faint');
    expect(conserved(scene)).toBe(scene.total);
  });

  it('counts the root for lineage', () => {
    const { first, text, total, rest } = equation(sceneOf(marks.slice(0, 1), [], { direction: 'upstream' }));
    expect(first + text + rest).toBe('1 asset upstream, ratings included, all shown');
    expect(total).toBe(null);
  });

  it('is repeated by the table of owners', () => {
    const lines = owners(picture(sceneOf(marks, [], IMPACT)));
    expect(lines.map((line) => line.tally.count)).toEqual([40110, 1]);
    expect(whole(lines).count).toBe(40111);
    expect(occurring(lines)).toEqual(['tainted']);
    expect(listed(picture(sceneOf(marks, [], IMPACT))).map((node) => node.id)).toEqual(['a']);
  });
});

it('says why a picture holds the start alone', () => {
  const alone = sceneOf([asset({ id: 'root', at: [0, 0] })]);
  expect(emptyText(alone, false)).toBe('Nothing reads it.');
  expect(emptyText({ ...alone, direction: 'upstream' }, true)).toBe('Nothing is known that it was made from at this moment.');
  expect(emptyText({ ...alone, direction: 'both' }, false)).toBe('Nothing reads it and nothing wrote it.');
  expect(emptyText({ ...alone, change: 'schema', unaffected: 62 }, false)).toBe(
    'Nothing is affected. 62 assets are downstream; none reads what changes.',
  );
});

it('lists the worst first', () => {
  const at = [0, 1] as [number, number];
  const marks = [
    asset({ id: 'root', at: [0, 0] }),
    asset({ id: 'low', at, severity: 'low', effect: 'breaks_now' }),
    asset({ id: 'b', at, severity: 'high', effect: 'tainted' }),
    asset({ id: 'a', at, severity: 'high', effect: 'tainted' }),
    asset({ id: 'now', at, severity: 'high', effect: 'breaks_now' }),
  ];
  expect(listed(picture(sceneOf(marks, [], IMPACT))).map((node) => node.id)).toEqual(['now', 'a', 'b', 'low']);
});

it('writes counts, nouns and steps', () => {
  expect([count(40120), nouns('model_version', 2), nouns('service', 1), nouns('entity', 2)]).toEqual([
    '40,120',
    'versions',
    'service',
    'entities',
  ]);
  expect(stepName({ step: -3, to_step: -3, count: 0 }, 'upstream')).toBe('step −3');
  expect(stepName({ step: 0, to_step: 0, count: 0 }, 'upstream')).toBe('asked for');
  expect(stepName({ step: 0, to_step: 0, count: 0 }, 'downstream')).toBe('start');
  expect(stepName({ step: 10, to_step: 14, count: 0 }, 'downstream')).toBe('steps 10 to 14');
});
