import { Fragment, memo, useMemo } from 'react';
import { Shape } from '@/ui/effect';
import { type CellBox, type Layout, type Measure, SIZES } from './layout';
import { Links } from './links';
import { Mark, signsWidth } from './mark';
import { openerId } from './navigation';
import { count } from './nouns';
import type { OwnerLine } from './owners';
import { inOrder, isCycle, isOpen, type Node, type Picture } from './picture';
import { EFFECTS, type SceneRow } from './scene';
import { EFFECT_HEADS, rowName, stepName } from './wording';

export interface GridProps {
  readonly picture: Picture;
  readonly layout: Layout;
  readonly measure: Measure;
  readonly lines: readonly OwnerLine[];
  readonly phone: boolean;
  /** The mark whose links are lit. */
  readonly focus: string | null;
  /** The mark that Tab leads to. */
  readonly tab: string | null;
  readonly selected: string | null;
  readonly litMarks: ReadonlySet<string>;
  readonly litLinks: ReadonlySet<string>;
  readonly only: boolean;
  readonly busy: boolean;
  readonly onFocus: (id: string) => void;
  /** The pointer is over a mark. */
  readonly onPoint: (id: string) => void;
  readonly onChoose: (id: string) => void;
}

/** The picture as a table: rows are owners, columns are steps, marks are buttons. One tab stop; arrow keys lead on from there. */
export const Grid = memo(function Grid(props: GridProps) {
  const { picture, layout, phone, focus, litLinks, only, busy, onFocus, onPoint, onChoose } = props;
  const { scene } = picture;
  const sums = useMemo(() => columnSums(picture), [picture]);
  const cells = useMemo(() => byRow(layout), [layout]);
  const idOf = (target: EventTarget) =>
    target instanceof Element ? target.closest<HTMLElement>('[data-id]')?.dataset.id : undefined;
  const withId = (act: (id: string) => void) => (event: { target: EventTarget }) => {
    const id = idOf(event.target);
    if (id !== undefined) act(id);
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the marks in it are buttons, whose clicks arrive here
    <div
      className={only ? 'lg only' : 'lg'}
      role="treegrid"
      aria-label={`${scene.root.name}: rows are ${scene.by}s, columns are steps`}
      aria-rowcount={scene.rows.length + 1}
      aria-colcount={scene.columns.length + 1}
      aria-busy={busy}
      style={phone ? undefined : { width: layout.width, height: layout.height }}
      onFocus={withId(onFocus)}
      onPointerOver={withId(onPoint)}
      onClick={withId(onChoose)}
    >
      <Heads picture={picture} layout={layout} sums={sums} />
      {!phone && <Links picture={picture} layout={layout} focus={focus} lit={litLinks} />}
      {scene.rows.map((row, index) => (
        <Row key={row.id} {...props} row={row} index={index} cells={cells.get(index) ?? []} />
      ))}
    </div>
  );
});

function Heads({ picture, layout, sums }: { picture: Picture; layout: Layout; sums: number[] }) {
  const { scene } = picture;
  return (
    // biome-ignore lint/a11y/useSemanticElements: cells are placed by script
    // biome-ignore lint/a11y/useFocusableInteractive: marks take the focus
    <div role="row" className="hr" aria-rowindex={1}>
      {/* biome-ignore lint/a11y/useSemanticElements: as above */}
      {/* biome-ignore lint/a11y/useFocusableInteractive: as above */}
      <span role="columnheader" className="ch vh">
        {scene.by}
      </span>
      {scene.columns.map((column, index) => (
        // biome-ignore lint/a11y/useSemanticElements: as above
        // biome-ignore lint/a11y/useFocusableInteractive: as above
        <span key={`${column.step}`} role="columnheader" className="ch" style={{ left: layout.columns[index]?.x }}>
          {column.step === 0 && scene.columns.length > 1 ? (
            <b>{stepName(column, scene.direction)}</b>
          ) : (
            <>
              {stepName(column, scene.direction)} · <b>{count(sums[index] ?? 0)}</b>
            </>
          )}
        </span>
      ))}
    </div>
  );
}

interface RowProps extends GridProps {
  readonly row: SceneRow;
  readonly index: number;
  readonly cells: readonly CellBox[];
}

function Row(props: RowProps) {
  const { picture, layout, row, index, cells, lines, tab } = props;
  const y = layout.rows[index]?.y ?? 0;
  return (
    // biome-ignore lint/a11y/useSemanticElements: as in Heads
    // biome-ignore lint/a11y/useFocusableInteractive: as in Heads
    <div role="row" className="lr" aria-level={1} aria-rowindex={index + 2}>
      <i className="rule" role="presentation" style={{ top: y }} />
      {/* biome-ignore lint/a11y/useSemanticElements: as in Heads */}
      {/* biome-ignore lint/a11y/useFocusableInteractive: as in Heads */}
      <div className="rh" role="rowheader" style={{ top: y }}>
        <RowName row={row} by={picture.scene.by} index={index} tabbable={tab === openerId(index)} />
        <RowCount line={lines[index]} impact={picture.scene.change !== null} />
      </div>
      {cells.map((box) => (
        <GridCell key={box.cell.column} {...props} box={box} />
      ))}
    </div>
  );
}

/** The name of a row; a row that stands for several opens all its folds. */
function RowName({ row, by, index, tabbable }: { row: SceneRow; by: string; index: number; tabbable: boolean }) {
  const name = rowName(row, by);
  if (row.rows === undefined)
    return (
      <b title={name}>
        <bdi dir="auto">{name}</bdi>
      </b>
    );
  return (
    <button type="button" className="opener" data-id={openerId(index)} tabIndex={tabbable ? 0 : -1} aria-label={`Open ${name}`}>
      <bdi dir="auto">{name}</bdi> <span aria-hidden="true">▸</span>
    </button>
  );
}

function RowCount({ line, impact }: { line: OwnerLine | undefined; impact: boolean }) {
  const effects = EFFECTS.filter((effect) => line?.tally.effects[effect]);
  if (line && effects.length > 0)
    return (
      <span className="rc">
        {effects.map((effect) => (
          <span key={effect} title={EFFECT_HEADS[effect]}>
            <Shape name={effect} /> {count(line.tally.effects[effect] ?? 0)}
            <span className="vh"> {EFFECT_HEADS[effect]}</span>{' '}
          </span>
        ))}
      </span>
    );
  const number = line?.tally.count ?? 0;
  if (number === 0) return <span className="rc">{impact ? 'not affected' : 'none now'}</span>;
  return <span className="rc">{`${count(number)} ${number === 1 ? 'asset' : 'assets'}`}</span>;
}

function GridCell(props: RowProps & { readonly box: CellBox }) {
  const { box, picture, row, phone } = props;
  const { cell, slid } = box;
  const column = picture.scene.columns[cell.column];
  const opened = cell.tops.some(isOpen);
  return (
    // biome-ignore lint/a11y/useSemanticElements: as in Heads
    // biome-ignore lint/a11y/useFocusableInteractive: as in Heads
    <div
      role="gridcell"
      className={`cell${slid ? ' slid' : ''}${opened ? ' has-open' : ''}`}
      aria-colindex={cell.column + 2}
      data-team={rowName(row, picture.scene.by)}
      data-step={column ? stepName(column, picture.scene.direction) : ''}
      style={phone ? undefined : { left: box.x, top: box.y, width: box.width, height: box.height }}
    >
      <Marks {...props} nodes={cell.tops} width={box.width} />
    </div>
  );
}

function Marks(props: RowProps & { readonly nodes: readonly Node[]; readonly width: number }) {
  const { nodes, width, picture, measure, phone, tab, selected, litMarks } = props;
  const glyph = picture.scene.change === null ? 36 : 53;
  return nodes.map((node) => (
    <Fragment key={node.id}>
      <Mark
        node={node}
        picture={picture}
        room={(phone ? window.innerWidth - 160 : width - (node === picture.root ? 36 : glyph)) - signsWidth(node, picture)}
        measure={measure}
        tabbable={node.id === tab}
        lit={litMarks.has(node.id)}
        selected={node.id === selected}
      />
      {isOpen(node) && (
        <div className={`kids${node.depth > 0 ? ' deep' : ''}${isCycle(node) ? ' box' : ''}`}>
          <Marks {...props} nodes={node.children} width={width - (node.depth > 0 ? SIZES.deepIndent : SIZES.indent)} />
        </div>
      )}
    </Fragment>
  ));
}

function columnSums(picture: Picture): number[] {
  const sums = picture.scene.columns.map(() => 0);
  for (const node of inOrder(picture)) sums[node.column] = (sums[node.column] ?? 0) + node.mark.count;
  return sums;
}

function byRow(layout: Layout): Map<number, CellBox[]> {
  const rows = new Map<number, CellBox[]>();
  for (const box of layout.cells) rows.set(box.cell.row, [...(rows.get(box.cell.row) ?? []), box]);
  return rows;
}
