import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import type { PageDefinition } from '@/app/page-definition';
import { list, present, type RawSearch, text } from '@/app/params';
import { rootRoute } from '@/app/root-route';

export const planRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/plan',
  validateSearch: (raw: RawSearch) => present({ text: text(raw, 'text'), kind: list(raw, 'kind') }),
  component: lazyRouteComponent(() => import('./plan-page'), 'PlanPage'),
});

export const page: PageDefinition = { path: '/plan', route: planRoute, rail: { label: 'Plan', icon: 'plan' } };
