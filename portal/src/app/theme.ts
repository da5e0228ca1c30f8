import { LocalValue, useLocal } from './local-store';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const theme = new LocalValue<Theme>('mlgraph.theme', (stored) => THEMES.find((each) => each === stored) ?? 'system');

/** The tokens follow `data-theme`; without it, the system's choice (styles/tokens.css). */
export function applyTheme(): void {
  const chosen = theme.get();
  if (chosen === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
}

theme.subscribe(applyTheme);

export const useTheme = (): Theme => useLocal(theme);

export const setTheme = (chosen: Theme): void => theme.set(chosen);
