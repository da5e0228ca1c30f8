import { type KeyboardEvent, type ReactNode, useId } from 'react';
import { CHANGES, type Change, type LanesPageName, ROWS, type RowsBy, type View } from './view';

interface ControlsProps {
  /** More controls, before those of the list. */
  readonly children?: ReactNode;
  readonly page: LanesPageName;
  readonly change: Change | undefined;
  /** What the rows are in the answer. */
  readonly by: string;
  readonly certain: boolean;
  readonly listed: boolean;
  readonly onView: (change: Partial<View>) => void;
  readonly onFind: () => void;
  readonly onList: () => void;
}

/** What changes, what the rows are, what is left out. */
export function Controls({ children, page, change, certain, by, listed, onView, onFind, onList }: ControlsProps) {
  const rows = useId();
  return (
    <div className="ctl">
      {page === 'impact' && <ChangeSelector change={change} onChange={(next) => onView({ change: next })} />}
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

const STEPS: Record<string, 1 | -1> = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };

/** Without a change, all that any of them can affect. */
const OPTIONS: readonly (Change | undefined)[] = [undefined, ...CHANGES];

/** The kind of change as a group of radio buttons; arrow keys choose. */
function ChangeSelector({ change, onChange }: { change: Change | undefined; onChange: (change: Change | undefined) => void }) {
  const label = useId();
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    const by = STEPS[event.key];
    if (by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const index = (OPTIONS.indexOf(change) + by + OPTIONS.length) % OPTIONS.length;
    onChange(OPTIONS[index]);
    event.currentTarget.querySelectorAll('button')[index]?.focus();
  };
  return (
    <div>
      <span className="lbl" id={label}>
        What changes
      </span>
      <div className="seg" role="radiogroup" aria-labelledby={label} onKeyDown={onKeyDown}>
        {OPTIONS.map((each) => (
          // biome-ignore lint/a11y/useSemanticElements: buttons of one group look like one control
          <button
            key={each ?? 'any'}
            type="button"
            role="radio"
            aria-checked={each === change}
            tabIndex={each === change ? 0 : -1}
            onClick={() => onChange(each)}
          >
            {each ?? 'any'}
          </button>
        ))}
      </div>
    </div>
  );
}
