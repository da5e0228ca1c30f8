import type { PageDefinition } from './page-definition';

const modules = import.meta.glob<{ page: PageDefinition }>('../pages/*/page.ts', { eager: true });

/** All pages that exist. A page adds itself by its folder: `pages/NAME/page.ts` exports `page`. */
export const pages: readonly PageDefinition[] = Object.values(modules).map((module) => module.page);

const RAIL_ORDER = ['Find', 'Plan', 'Live', 'Changes', 'Mine', 'Sources'];

export const railPages: readonly PageDefinition[] = pages
  .filter((page) => page.rail)
  .sort((a, b) => RAIL_ORDER.indexOf(a.rail?.label ?? '') - RAIL_ORDER.indexOf(b.rail?.label ?? ''));
