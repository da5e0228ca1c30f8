import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useCallback } from 'react';
import { LanesPage, type ViewOptions } from './lanes-page';
import type { LanesPageName, View } from './view';

const lineage = getRouteApi('/lineage');
const impact = getRouteApi('/impact');

export function LineagePage() {
  return <LanesPage page="lineage" view={lineage.useSearch() as View} onView={useShow('lineage')} />;
}

export function ImpactPage() {
  return <LanesPage page="impact" view={impact.useSearch() as View} onView={useShow('impact')} />;
}

/** Shows another view at the same page: each is a step of the history, so that Back undoes it. */
function useShow(page: LanesPageName) {
  const navigate = useNavigate();
  return useCallback(
    (view: View, { replace = false }: ViewOptions = {}) => {
      const { as_of } = view; // named even where it is absent: absent means now
      void navigate({ to: `/${page}`, search: { ...view, as_of } as never, replace, resetScroll: false });
    },
    [navigate, page],
  );
}
