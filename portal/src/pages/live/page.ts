import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import type { PageDefinition } from '@/app/page-definition';
import { present, type RawSearch, text } from '@/app/params';
import { rootRoute } from '@/app/root-route';

export const liveRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/live',
  validateSearch: (raw: RawSearch) => present({ service: text(raw, 'service'), team: text(raw, 'team') }),
  component: lazyRouteComponent(() => import('./live-page'), 'LivePage'),
});

export const page: PageDefinition = { path: '/live', route: liveRoute, rail: { label: 'Live', icon: 'live' } };
