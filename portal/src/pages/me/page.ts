import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import type { PageDefinition } from '@/app/page-definition';
import { rootRoute } from '@/app/root-route';

const route = createRoute({
  getParentRoute: () => rootRoute,
  path: '/me',
  component: lazyRouteComponent(() => import('./me-page'), 'MePage'),
});

export const page: PageDefinition = { path: '/me', route, rail: { label: 'Mine', icon: 'pin' } };
