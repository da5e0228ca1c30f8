import { useSyncExternalStore } from 'react';

/** A value that this browser keeps, shared by its tabs; where storage is refused, it lives as long as the tab. */
export class LocalValue<T> {
  private value: T | undefined;
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly key: string,
    /** The value of what was stored; of anything unreadable too, which is no reason to fail. */
    private readonly read: (stored: unknown) => T,
  ) {
    if (typeof window !== 'undefined') window.addEventListener('storage', (event) => event.key === key && this.forget());
  }

  get = (): T => {
    if (this.value === undefined) this.value = this.read(parsed(stored(this.key)));
    return this.value;
  };

  set(value: T): void {
    this.value = value;
    try {
      localStorage.setItem(this.key, JSON.stringify(value));
    } catch {
      // Storage is full or forbidden: the value stays in this tab.
    }
    for (const listener of this.listeners) listener();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private forget(): void {
    this.value = undefined;
    for (const listener of this.listeners) listener();
  }
}

export const useLocal = <T>(value: LocalValue<T>): T => useSyncExternalStore(value.subscribe, value.get);

function stored(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function parsed(text: string | null): unknown {
  try {
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
