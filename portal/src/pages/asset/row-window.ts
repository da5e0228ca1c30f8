import { type RefObject, useEffect, useRef, useState } from 'react';
import { flushSync } from 'react-dom';

/** Height of a row in a table whose rows have one line each; asset.css sets the same. */
export const ROW_HEIGHT = 33;
const WHOLE = 200;
const BEYOND = 20;
const ASSUMED_HEIGHT = 800;

interface RowWindow {
  readonly scroller: RefObject<HTMLElement | null>;
  /** Only rows from `first` to before `last` are in the page. */
  readonly first: number;
  readonly last: number;
  readonly windowed: boolean;
  readonly onScroll: () => void;
}

/** Which of `count` rows are in sight, and some around them. Up to 200 rows, and for print, all are in the page. */
export function useRowWindow(count: number): RowWindow {
  const scroller = useRef<HTMLElement>(null);
  const [top, setTop] = useState(0);
  const printing = usePrinting();
  const windowed = count > WHOLE && !printing;
  const onScroll = () => setTop(scroller.current?.scrollTop ?? 0);
  if (!windowed) return { scroller, first: 0, last: count, windowed, onScroll };
  const height = scroller.current?.clientHeight || ASSUMED_HEIGHT;
  const { first, last } = rowsInSight(top, height, count);
  return { scroller, first, last, windowed, onScroll };
}

/** The rows to draw where `top` pixels are scrolled away and `height` are visible. */
export function rowsInSight(top: number, height: number, count: number): { first: number; last: number } {
  const first = Math.max(0, Math.min(Math.floor(top / ROW_HEIGHT) - BEYOND, count - 1));
  const last = Math.min(count, Math.ceil((top + height) / ROW_HEIGHT) + BEYOND);
  return { first, last: Math.max(first, last) };
}

function usePrinting(): boolean {
  const [printing, setPrinting] = useState(false);
  useEffect(() => {
    // The browser takes the page right after the event: the rows have to be there when it returns.
    const before = () => flushSync(() => setPrinting(true));
    const after = () => setPrinting(false);
    addEventListener('beforeprint', before);
    addEventListener('afterprint', after);
    return () => {
      removeEventListener('beforeprint', before);
      removeEventListener('afterprint', after);
    };
  }, []);
  return printing;
}
