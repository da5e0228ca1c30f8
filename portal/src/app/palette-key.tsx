import { type ComponentType, useCallback, useEffect, useState } from 'react';
import { useKey } from './keys';
import type { PaletteProps } from './palette';

const IDLE_MS = 3_000;

/** Ctrl-K: the palette. Its code is loaded after the page, so that no key that follows is lost. */
export function PaletteKey() {
  const [open, setOpen] = useState(false);
  const Palette = usePalette(open);
  const toggle = useCallback(() => setOpen((now) => !now), []);
  useKey('Ctrl+k', 'palette: any asset, page or action', toggle);
  return Palette && <Palette open={open} onClose={() => setOpen(false)} />;
}

/** The palette's component once it is loaded: a while after the page, or when it is `wanted`. A failure is tried again. */
function usePalette(wanted: boolean): ComponentType<PaletteProps> | null {
  const [palette, setPalette] = useState<{ component: ComponentType<PaletteProps> } | null>(null);
  useEffect(() => {
    if (palette) return;
    const load = async () => {
      try {
        const module = await import('./palette');
        setPalette({ component: module.default });
      } catch {
        // The server is away, which the page says already.
      }
    };
    const timer = setTimeout(load, wanted ? 0 : IDLE_MS);
    return () => clearTimeout(timer);
  }, [palette, wanted]);
  return palette?.component ?? null;
}
