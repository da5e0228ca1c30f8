import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import type { PageDefinition } from '@/app/page-definition';
import { present, type RawSearch, text, whole } from '@/app/params';
import { rootRoute } from '@/app/root-route';

export const deadLettersRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/dead-letters',
  validateSearch: (raw: RawSearch) => present({ limit: whole(raw, 'limit'), cursor: text(raw, 'cursor') }),
  component: lazyRouteComponent(() => import('./dead-letters-page'), 'DeadLettersPage'),
});

export const page: PageDefinition = { path: '/dead-letters', route: deadLettersRoute };
