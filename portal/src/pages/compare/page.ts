import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import type { PageDefinition } from '@/app/page-definition';
import type { RawSearch } from '@/app/params';
import { rootRoute } from '@/app/root-route';
import { readComparison } from '@/lanes/view';

const route = createRoute({
  getParentRoute: () => rootRoute,
  path: '/compare',
  validateSearch: (raw: RawSearch) => readComparison(raw),
  component: lazyRouteComponent(() => import('@/lanes/compare-route'), 'CompareRoute'),
});

export const page: PageDefinition = { path: '/compare', route };
