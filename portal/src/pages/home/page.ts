import { createRoute } from '@tanstack/react-router';
import type { PageDefinition } from '@/app/page-definition';
import { rootRoute } from '@/app/root-route';
import { HomePage } from './home-page';

const route = createRoute({ getParentRoute: () => rootRoute, path: '/', component: HomePage });

export const page: PageDefinition = {
  path: '/',
  route,
  rail: { label: 'Find', icon: 'find', covers: ['/search', '/asset', '/lineage', '/impact', '/compare', '/path', '/why'] },
};
