import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import type { PageDefinition } from '@/app/page-definition';
import { choice, present, type RawSearch, whole } from '@/app/params';
import { rootRoute } from '@/app/root-route';
import { ASPECTS } from './shares';

export const coverageRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/coverage',
  validateSearch: (raw: RawSearch) => present({ limit: whole(raw, 'limit'), missing: choice(raw, 'missing', ASPECTS) }),
  component: lazyRouteComponent(() => import('./coverage-page'), 'CoveragePage'),
});

export const page: PageDefinition = { path: '/coverage', route: coverageRoute };
