import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import type { PageDefinition } from '@/app/page-definition';
import { moment, present, type RawSearch, text } from '@/app/params';
import { rootRoute } from '@/app/root-route';

const route = createRoute({
  getParentRoute: () => rootRoute,
  path: '/changes',
  validateSearch: (raw: RawSearch) =>
    present({ from: moment(raw, 'from'), to: moment(raw, 'to'), owner: text(raw, 'owner'), uri: text(raw, 'uri') }),
  component: lazyRouteComponent(() => import('./changes-page'), 'ChangesPage'),
});

export const page: PageDefinition = { path: '/changes', route, rail: { label: 'Changes', icon: 'changes' } };
