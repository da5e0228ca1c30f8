import { getRouteApi } from '@tanstack/react-router';
import { useMemo } from 'react';

const root = getRouteApi('__root__');

/** The parameters of every page as calls take them: `as_of`, and `at_least` where it is a number. */
export function useMoment(): { as_of: string | undefined; at_least: number | undefined } {
  const { as_of, at_least } = root.useSearch();
  return useMemo(
    () => ({ as_of, at_least: at_least && /^\d+$/.test(at_least) ? Number(at_least) : undefined }),
    [as_of, at_least],
  );
}
