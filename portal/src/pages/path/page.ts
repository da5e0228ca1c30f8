import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import type { PageDefinition } from '@/app/page-definition';
import { choice, present, type RawSearch, text } from '@/app/params';
import { rootRoute } from '@/app/root-route';

export const pathRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/path',
  validateSearch: (raw: RawSearch) =>
    present({ source: text(raw, 'source'), target: text(raw, 'target'), level: choice(raw, 'level', ['asset', 'run']) }),
  component: lazyRouteComponent(() => import('./path-page'), 'PathPage'),
});

export const page: PageDefinition = { path: '/path', route: pathRoute };
