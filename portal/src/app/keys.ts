import { useEffect, useSyncExternalStore } from 'react';

export interface Binding {
  /** As `KeyboardEvent.key`: '/', 'y', 'ArrowLeft', or with 'Ctrl+' before it (Command on a Mac counts as Ctrl). */
  readonly key: string;
  /** What it does, for the list of keys. */
  readonly does: string;
  readonly run: (event: KeyboardEvent) => void;
}

let bindings: readonly Binding[] = [];
const listeners = new Set<() => void>();

function change(next: readonly Binding[]): void {
  bindings = next;
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** Single keys belong to what is typed as long as a field has the focus or a dialog is open. */
const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

export function bindingFor(event: KeyboardEvent): Binding | undefined {
  const control = event.ctrlKey || event.metaKey;
  if (event.altKey || event.defaultPrevented) return undefined;
  const typed = isTyping(event.target) || document.querySelector('dialog[open]') !== null;
  if (!control && typed) return undefined;
  const key = control ? `Ctrl+${event.key.toLowerCase()}` : event.key;
  return bindings.findLast((each) => each.key === key); // what was bound last is nearest to the reader: a page before the frame
}

/** Listens for all keys of the portal. Returns how to stop. */
export function listenToKeys(): () => void {
  const listener = (event: KeyboardEvent) => {
    const binding = bindingFor(event);
    if (!binding) return;
    event.preventDefault();
    binding.run(event);
  };
  document.addEventListener('keydown', listener);
  return () => document.removeEventListener('keydown', listener);
}

/** Binds a key while the component is on the page, and lists it under `?`. `run` may be a new function each time. */
export function useKey(key: string, does: string, run: (event: KeyboardEvent) => void, enabled = true): void {
  useEffect(() => {
    if (!enabled) return;
    const binding: Binding = { key, does, run };
    change([...bindings, binding]);
    return () => change(bindings.filter((each) => each !== binding));
  }, [key, does, run, enabled]);
}

/** All keys that do something now, the page's first. */
export function useBindings(): readonly Binding[] {
  return useSyncExternalStore(subscribe, () => bindings);
}
