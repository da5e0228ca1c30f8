import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useCallback, useMemo } from 'react';
import { ComparePage } from './compare-page';
import type { ViewOptions } from './lanes-page';
import { type CompareSearch, laterView, type View } from './view';

const route = getRouteApi('/compare');

/** In the address the later moment is `to`, because a comparison has two; the picture knows it as its own moment. */
export function CompareRoute() {
  const search = route.useSearch() as CompareSearch;
  const navigate = useNavigate();
  const view = useMemo(() => laterView(search), [search]);
  const show = useCallback(
    ({ as_of: to, ...shown }: View, from: string | undefined, replace = false) =>
      void navigate({ to: '/compare', search: { ...shown, from, to, as_of: undefined } as never, replace, resetScroll: false }),
    [navigate],
  );
  const onView = useCallback(
    (next: View, { replace }: ViewOptions = {}) => show(next, search.from, replace),
    [show, search.from],
  );
  const onFrom = useCallback((from: string | undefined) => show(view, from), [show, view]);
  return <ComparePage view={view} from={search.from} onView={onView} onFrom={onFrom} />;
}
