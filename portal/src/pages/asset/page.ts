import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import type { PageDefinition } from '@/app/page-definition';
import { choice, present, type RawSearch, text } from '@/app/params';
import { rootRoute } from '@/app/root-route';

export const TABS = ['about', 'schema', 'versions', 'relations', 'history', 'similar', 'sources'] as const;
export type Tab = (typeof TABS)[number];

export const assetRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/asset',
  validateSearch: (raw: RawSearch) =>
    present({
      uri: text(raw, 'uri'),
      tab: choice(raw, 'tab', TABS),
      /** As in lineage: `run` lists the relations with runs too. */
      level: choice(raw, 'level', ['asset', 'run']),
    }),
  component: lazyRouteComponent(() => import('./asset-page'), 'AssetPage'),
});

export const page: PageDefinition = { path: '/asset', route: assetRoute };
