import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import type { PageDefinition } from '@/app/page-definition';
import { rootRoute } from '@/app/root-route';
import { searchParameters } from './search-parameters';

const route = createRoute({
  getParentRoute: () => rootRoute,
  path: '/search',
  validateSearch: searchParameters,
  component: lazyRouteComponent(() => import('./search-page'), 'SearchPage'),
});

export const page: PageDefinition = { path: '/search', route };
