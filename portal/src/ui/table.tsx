import type { Key, ReactNode } from 'react';

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => ReactNode;
  /** Numbers stand at the right, with tabular digits. */
  readonly numeric?: boolean;
}

interface TableProps<Row> {
  /** Names the table for screen readers; `showCaption` prints it. */
  readonly caption: string;
  readonly showCaption?: boolean;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => Key;
}

/** A table whose first column names its row; on a phone each row becomes a block with its titles. */
export function Table<Row>({ caption, showCaption = false, columns, rows, rowKey }: TableProps<Row>) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways has to be reachable by keyboard
    <div className="tw" tabIndex={0}>
      <table className="stack">
        <caption className={showCaption ? undefined : 'vh'}>{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.title} scope="col" className={column.numeric ? 'num' : undefined}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)}>{columns.map((column, index) => cellOf(column, row, index))}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function cellOf<Row>(column: Column<Row>, row: Row, index: number): ReactNode {
  const className = column.numeric ? 'num' : undefined;
  return index === 0 ? (
    <th key={column.title} scope="row" className={className}>
      {column.cell(row)}
    </th>
  ) : (
    <td key={column.title} className={className} data-l={column.title}>
      {column.cell(row)}
    </td>
  );
}
