import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import type { PageDefinition } from '@/app/page-definition';
import { present, type RawSearch, text } from '@/app/params';
import { rootRoute } from '@/app/root-route';

export const whyRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/why',
  validateSearch: (raw: RawSearch) =>
    present({ source: text(raw, 'source'), relation: text(raw, 'relation'), target: text(raw, 'target') }),
  component: lazyRouteComponent(() => import('./why-page'), 'WhyPage'),
});

export const page: PageDefinition = { path: '/why', route: whyRoute };
