import type { Layout } from './layout';
import { SIZES } from './layout';
import type { Picture } from './picture';
import type { SceneLink } from './scene';

const RADIUS = 5;
const LEAVE = 10;
const ARRIVE = 8;
const CORRIDOR = 4;

/**
 * Returns the SVG path of a link: it leaves at the right, turns in the gutter, crosses other columns in the corridor above
 * the row of its end, and arrives at the left. Empty if one of its marks is not drawn.
 */
export function route(link: SceneLink, picture: Picture, placed: Layout): string {
  const from = placed.marks.get(link.from);
  const to = placed.marks.get(link.to);
  const start = picture.nodes.get(link.from);
  const end = picture.nodes.get(link.to);
  if (!from || !to || !start || !end) return '';
  const x0 = from.x + from.width;
  const y0 = from.y + from.height / 2;
  const y1 = to.y + to.height / 2;
  const columnEnd = placed.columns[start.column];
  const leave = (columnEnd ? columnEnd.x + columnEnd.width : x0) + LEAVE;
  if (start.column >= end.column) return `M${x0} ${y0}H${leave}V${y1}H${to.x + to.width}`;
  if (end.column - start.column === 1) return `M${x0} ${y0}${turn(leave, y0, y1)}H${to.x}`;
  const row = placed.rows[end.row];
  const corridor = (row ? row.y : to.y - SIZES.pad) + CORRIDOR;
  const column = placed.columns[end.column];
  const arrive = (column ? column.x : to.x) - ARRIVE;
  return `M${x0} ${y0}${turn(leave, y0, corridor)}${turn(arrive, corridor, y1)}H${to.x}`;
}

/** Goes right to `x`, then from `y0` to `y1` with rounded corners; a straight line needs no turn. */
function turn(x: number, y0: number, y1: number): string {
  const height = Math.abs(y1 - y0);
  if (height < 1) return '';
  const radius = Math.min(RADIUS, height / 2);
  const sign = Math.sign(y1 - y0);
  return `H${x - radius}Q${x} ${y0} ${x} ${y0 + sign * radius}V${y1 - sign * radius}Q${x} ${y1} ${x + radius} ${y1}`;
}
