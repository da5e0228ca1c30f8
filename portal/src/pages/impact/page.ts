import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import type { PageDefinition } from '@/app/page-definition';
import type { RawSearch } from '@/app/params';
import { rootRoute } from '@/app/root-route';
import { readView } from '@/lanes/view';

const route = createRoute({
  getParentRoute: () => rootRoute,
  path: '/impact',
  validateSearch: (raw: RawSearch) => readView(raw),
  component: lazyRouteComponent(() => import('@/lanes/lanes-routes'), 'ImpactPage'),
});

export const page: PageDefinition = { path: '/impact', route };
