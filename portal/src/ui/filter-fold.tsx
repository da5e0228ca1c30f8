import { type ReactNode, useId, useState } from 'react';
import './filter-fold.css';

interface FilterFoldProps {
  /** How many filters are in force: the button says it, since the filters themselves may be hidden. */
  readonly active: number;
  /** Class of the element around the filters. */
  readonly className?: string;
  readonly children: ReactNode;
}

/** Filters of a page. In a narrow window they fold behind a button, so that what was found is in sight. */
export function FilterFold({ active, className = '', children }: FilterFoldProps) {
  const [open, setOpen] = useState(false);
  const id = useId();
  return (
    <>
      <button className="btn fold-b" type="button" aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
        Filters{active > 0 && `: ${active}`}
      </button>
      <div id={id} className={`fold-c ${className}${open ? ' is-open' : ''}`}>
        {children}
      </div>
    </>
  );
}
