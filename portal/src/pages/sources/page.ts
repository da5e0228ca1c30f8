import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import type { PageDefinition } from '@/app/page-definition';
import { rootRoute } from '@/app/root-route';

export const sourcesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sources',
  component: lazyRouteComponent(() => import('./sources-page'), 'SourcesPage'),
});

export const page: PageDefinition = {
  path: '/sources',
  route: sourcesRoute,
  rail: { label: 'Sources', icon: 'sources', covers: ['/coverage', '/dead-letters'] },
};
