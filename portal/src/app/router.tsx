import { createRouter, type ErrorComponentProps } from '@tanstack/react-router';
import { asApiError } from '@/api/problem';
import { parseQuery, type Query, queryString } from '@/api/query-string';
import { Page } from '@/ui/page';
import { PageLink } from './page-link';
import { statusOf } from './page-status';
import { pages } from './pages';
import { rootRoute } from './root-route';
import { Shell } from './shell';

/** The router over all pages that exist. View state is in the address, by the API's own parameter names. */
export function makeRouter() {
  rootRoute.update({ component: Shell });
  return createRouter({
    routeTree: rootRoute.addChildren(pages.map((page) => page.route)),
    parseSearch: parseQuery,
    stringifySearch: (search) => queryString(search as Query),
    defaultPreload: 'intent',
    scrollRestoration: true,
    defaultErrorComponent: FailedPage,
    defaultNotFoundComponent: NoSuchPage,
  });
}

/** What a page shows that failed itself, or whose address has a parameter without meaning. */
function FailedPage({ error, reset }: ErrorComponentProps) {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const failed = { data: undefined, error: asApiError(cause), dataUpdatedAt: 0, refetch: reset };
  return <Page title="This page cannot be shown" status={statusOf([failed])} />;
}

function NoSuchPage() {
  return (
    <Page title="There is no such page" status={{ ...statusOf([]), state: 'error', error: null }}>
      <p>
        <PageLink page="/">Go to the start page</PageLink>
      </p>
    </Page>
  );
}
