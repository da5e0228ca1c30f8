import { useQuery } from '@tanstack/react-query';
import { useId } from 'react';
import { apiQuery } from '@/api/queries';
import { columnsOf, columnUri } from '@/pages/asset/columns';
import { datasetOf } from './dataset-of';

interface ColumnSelectProps {
  /** The root: a dataset, or a column of one. */
  readonly uri: string;
  readonly asOf: string | undefined;
  readonly onChoose: (uri: string) => void;
}

/** Leaves one column of a dataset and what its own walk reaches, or the whole dataset again. */
export function ColumnSelect({ uri, asOf, onChoose }: ColumnSelectProps) {
  const id = useId();
  const dataset = datasetOf(uri);
  const { data } = useQuery({ ...apiQuery('/api/v1/asset', { uri: dataset ?? uri, as_of: asOf }), enabled: dataset !== null });
  if (dataset === null || !data) return null;
  const columns = columnsOf(data.properties).flatMap((row) => {
    const column = row.depth === 0 ? columnUri({ uri: dataset }, row.name) : null;
    return column === null ? [] : [{ uri: column, name: row.name }];
  });
  if (columns.length === 0) return null;
  return (
    <div className="ph">
      <label className="lbl" htmlFor={id}>
        Column
      </label>
      <select className="btn cols" id={id} value={uri} onChange={(event) => onChoose(event.target.value)}>
        <option value={dataset}>all of it</option>
        {columns.map((column) => (
          <option key={column.uri} value={column.uri}>
            {column.name}
          </option>
        ))}
      </select>
    </div>
  );
}
