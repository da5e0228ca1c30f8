import { lazy, Suspense, useCallback, useState } from 'react';
import { useKey } from './keys';

const Palette = lazy(() => import('./palette'));

/** Ctrl-K: the palette, whose code is loaded when it is first asked for. */
export function PaletteKey() {
  const [open, setOpen] = useState(false);
  const [wasOpen, setWasOpen] = useState(false);
  const toggle = useCallback(() => {
    setWasOpen(true);
    setOpen((now) => !now);
  }, []);
  useKey('Ctrl+k', 'palette: any asset, page or action', toggle);
  if (!wasOpen) return null;
  return (
    <Suspense>
      <Palette open={open} onClose={() => setOpen(false)} />
    </Suspense>
  );
}
