import { type ReactNode, useId } from 'react';
import { Choice } from './choice';
import { CHANGES, type Change, DIRECTIONS, type Direction, type LanesPageName, ROWS, type RowsBy, type View } from './view';

interface ControlsProps {
  /** More controls, before those of the list. */
  readonly children?: ReactNode;
  readonly page: LanesPageName;
  readonly change: Change | undefined;
  readonly direction: Direction;
  /** What the rows are in the answer. */
  readonly by: string;
  readonly certain: boolean;
  readonly listed: boolean;
  readonly onView: (change: Partial<View>) => void;
  /** These may be chosen next, the likeliest first. */
  readonly onNear: (changes: readonly (Change | undefined)[]) => void;
  readonly onFind: () => void;
  readonly onList: () => void;
}

/** What changes or which way the links are followed, what the rows are, what is left out. */
export function Controls({
  children,
  page,
  change,
  direction,
  certain,
  by,
  listed,
  onView,
  onNear,
  onFind,
  onList,
}: ControlsProps) {
  const rows = useId();
  return (
    <div className="ctl">
      {page === 'impact' ? (
        <Choice
          label="What changes"
          options={OPTIONS}
          value={change}
          wordOf={(each) => each ?? 'any'}
          onChoose={(next) => onView({ change: next })}
          onNear={onNear}
        />
      ) : (
        <Choice
          label="Direction"
          options={DIRECTIONS}
          value={direction}
          wordOf={(each) => each}
          onChoose={(next) => onView({ direction: next, open: [] })}
        />
      )}
      <div className="ph">
        <label className="lbl" htmlFor={rows}>
          Rows
        </label>
        <select className="btn" id={rows} value={by} onChange={(event) => onView({ by: event.target.value as RowsBy, open: [] })}>
          {ROWS.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      </div>
      {children}
      <label className="nw">
        <input type="checkbox" checked={certain} onChange={(event) => onView({ certain: event.target.checked || undefined })} />{' '}
        only what is certain
      </label>
      <button className="btn quiet" type="button" onClick={onFind}>
        Find in this picture
      </button>
      <button className="btn quiet ph" type="button" aria-pressed={listed} onClick={onList}>
        List and owners
      </button>
    </div>
  );
}

/** Without a change, all that any of them can affect. */
const OPTIONS: readonly (Change | undefined)[] = [undefined, ...CHANGES];
