import type { SearchHit } from '@/api/generated';
import type { IconName } from '@/ui/icon';
import type { Binding } from './keys';
import type { KeptAsset } from './my-assets';
import type { PagePath } from './page-paths';

/** A line of the palette: an asset, a page, or something that a key does. */
export interface Entry {
  readonly id: string;
  readonly group: 'Assets' | 'Opened last' | 'Pages' | 'Actions';
  readonly text: string;
  readonly detail?: string;
  /** An asset's kind, or an icon's name. */
  readonly kind?: string;
  readonly icon?: IconName;
  readonly target:
    | { readonly page: PagePath; readonly search?: Readonly<Record<string, string>> }
    | { readonly binding: Binding };
}

const PAGE_NAMES: Readonly<Partial<Record<PagePath, string>>> = {
  '/': 'Start',
  '/search': 'All assets',
  '/plan': 'Plan: what you want to build',
  '/live': 'Live: which versions serve what',
  '/changes': 'Changes',
  '/me': 'Mine: what this browser keeps',
  '/sources': 'Sources',
  '/coverage': 'Coverage',
  '/dead-letters': 'Dead letters',
};

export function pageEntries(paths: readonly PagePath[]): Entry[] {
  return paths.flatMap((path) => {
    const text = PAGE_NAMES[path];
    return text ? [{ id: `page ${path}`, group: 'Pages', text, target: { page: path } } as const] : [];
  });
}

/** What keys do, for those who do not know the keys; the palette's own key is not listed in it. */
export function actionEntries(bindings: readonly Binding[]): Entry[] {
  return bindings
    .filter((binding) => binding.key !== 'Ctrl+k')
    .map((binding) => ({
      id: `key ${binding.key}`,
      group: 'Actions',
      text: binding.does.charAt(0).toUpperCase() + binding.does.slice(1),
      detail: binding.key,
      target: { binding },
    }));
}

export function assetEntries(assets: readonly (SearchHit | KeptAsset)[], group: Entry['group']): Entry[] {
  return assets.map(({ uri, kind, name }) => ({
    id: `${group} ${uri}`,
    group,
    text: name,
    detail: kind.replaceAll('_', ' '),
    kind,
    target: { page: '/asset', search: { uri } },
  }));
}

/** Entries whose text has every word that was typed. */
export function matching(entries: readonly Entry[], typed: string): Entry[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return entries.filter((entry) => words.every((word) => entry.text.toLowerCase().includes(word)));
}
