import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import type { PageDefinition } from '@/app/page-definition';
import { present, type RawSearch, text } from '@/app/params';
import { rootRoute } from '@/app/root-route';

const route = createRoute({
  getParentRoute: () => rootRoute,
  path: '/team',
  validateSearch: (raw: RawSearch) => present({ uri: text(raw, 'uri') }),
  component: lazyRouteComponent(() => import('./team-page'), 'TeamPage'),
});

export const page: PageDefinition = { path: '/team', route };
