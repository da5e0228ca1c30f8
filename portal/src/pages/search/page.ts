import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import type { PageDefinition } from '@/app/page-definition';
import { list, present, type RawSearch, text } from '@/app/params';
import { rootRoute } from '@/app/root-route';

/** The parameters of GET /api/v1/search that the page offers. */
export function searchParameters(raw: RawSearch) {
  return present({
    q: text(raw, 'q'),
    kind: list(raw, 'kind'),
    owner: list(raw, 'owner'),
    team: list(raw, 'team'),
    tag: list(raw, 'tag'),
    platform: list(raw, 'platform'),
    environment: list(raw, 'environment'),
    state: list(raw, 'state'),
    limit: text(raw, 'limit'),
  });
}

export const searchRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/search',
  validateSearch: searchParameters,
  component: lazyRouteComponent(() => import('./search-page'), 'SearchPage'),
});

export const page: PageDefinition = { path: '/search', route: searchRoute };
