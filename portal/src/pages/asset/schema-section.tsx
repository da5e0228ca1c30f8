import { useId, useState } from 'react';
import type { Asset } from '@/api/generated';
import { PageLink } from '@/app/page-link';
import { Shape } from '@/ui/effect';
import { Empty } from '@/ui/empty';
import { formatCount } from '@/ui/format';
import { type ColumnRow, columnsOf, columnUri, filterColumns } from './columns';
import { ROW_HEIGHT, useRowWindow } from './row-window';
import { TabLink } from './sections';

const SHORT = 8;

/** The columns that sources report; in full they can be searched, and only those in sight are in the page. */
export function SchemaSection({ asset, short }: { asset: Asset; short: boolean }) {
  const rows = columnsOf(asset.properties);
  const [text, setText] = useState('');
  const found = filterColumns(rows, short ? '' : text);
  const id = useId();
  return (
    <section id="schema" aria-labelledby="h-schema">
      <div className="sec-h">
        <h2 id="h-schema">Schema</h2>
        {!short && rows.length > 0 && (
          <span className="t3 find">
            <label htmlFor={id}>Find a column</label>{' '}
            <input
              id={id}
              className="field"
              type="search"
              dir="auto"
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          </span>
        )}
      </div>
      {rows.length === 0 && <Empty>No source has reported its columns.</Empty>}
      {!short && rows.length > 0 && (
        <p className="why" role="status">
          {formatCount(found.length)} of {formatCount(rows.length)} columns
        </p>
      )}
      {rows.length > 0 && <Columns asset={asset} rows={short ? found.slice(0, SHORT) : found} />}
      {short && rows.length > SHORT && (
        <p className="why">
          <TabLink tab="schema">{formatCount(rows.length - SHORT)} more columns</TabLink>
        </p>
      )}
    </section>
  );
}

function Columns({ asset, rows }: { asset: Asset; rows: readonly ColumnRow[] }) {
  const { scroller, first, last, windowed, onScroll } = useRowWindow(rows.length);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard
    <section ref={scroller} className={windowed ? 'tw tall' : 'tw'} tabIndex={0} aria-label="Columns" onScroll={onScroll}>
      <table className="columns" aria-rowcount={rows.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col">Column</th>
            <th scope="col">Type</th>
            <th scope="col">Checks</th>
          </tr>
        </thead>
        <tbody>
          <Spacer rows={first} />
          {rows.slice(first, last).map((row, place) => (
            <tr key={row.name} aria-rowindex={first + place + 2}>
              <th scope="row">
                <ColumnLink asset={asset} row={row} />
                {row.description && (
                  <span className="t3 desc" title={row.description}>
                    {' '}
                    <bdi>{row.description}</bdi>
                  </span>
                )}
              </th>
              <td className="t2">
                <bdi>{row.type || 'unknown'}</bdi>
              </td>
              <td>
                <Checks row={row} />
              </td>
            </tr>
          ))}
          <Spacer rows={rows.length - last} />
        </tbody>
      </table>
    </section>
  );
}

/** The height of the rows that are not in the page. */
function Spacer({ rows }: { rows: number }) {
  if (rows === 0) return null;
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a row takes no focus
    <tr aria-hidden="true">
      <td colSpan={3} className="spacer" height={rows * ROW_HEIGHT} />
    </tr>
  );
}

/** A column as a link to its lineage; a nested field has no asset of its own. */
function ColumnLink({ asset, row }: { asset: Asset; row: ColumnRow }) {
  const name = <code dir="auto">{row.name}</code>;
  const uri = row.depth === 0 ? columnUri(asset, row.name) : null;
  if (uri === null) return name;
  return (
    <PageLink page="/asset" search={{ uri }}>
      {name}
    </PageLink>
  );
}

function Checks({ row }: { row: ColumnRow }) {
  if (row.checks.length === 0) return <span className="t3">none</span>;
  return row.checks.map((check) => (
    <span key={check.text} className={check.met === null ? 'check' : check.met ? 'check ok' : 'check bad'}>
      <Shape name={check.met === null ? 'unknown' : check.met ? 'ok' : 'unmet'} /> {check.met === false && 'not met: '}
      <bdi>{check.text}</bdi>
    </span>
  ));
}
