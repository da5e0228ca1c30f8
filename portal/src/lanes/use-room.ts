import { type RefObject, useLayoutEffect, useState } from 'react';

export const PHONE = 640;

/** Width that an element has for its content, and whether the window is a phone's; 0 before the first layout. */
export function useRoom(element: RefObject<HTMLElement | null>): { room: number; phone: boolean } {
  const [size, setSize] = useState({ room: 0, phone: false });
  useLayoutEffect(() => {
    const measured = element.current;
    if (!measured) return;
    const update = () => {
      const padding = Number.parseFloat(getComputedStyle(measured).paddingLeft) || 0;
      const next = { room: Math.floor(measured.clientWidth - padding - EDGE), phone: window.innerWidth <= PHONE };
      setSize((before) => (before.room === next.room && before.phone === next.phone ? before : next));
    };
    update();
    const observer = new ResizeObserver(update);
    observer.observe(measured);
    return () => observer.disconnect();
  }, [element]);
  return size;
}

/** Space at the right for the second edge of folds and the ring of the focus. */
const EDGE = 12;
