import { getRouteApi } from '@tanstack/react-router';

const root = getRouteApi('__root__');

/** The moment that is looked at, as the API's `as_of`; undefined: now. */
export const useShownMoment = (): string | undefined => (root.useSearch() as { as_of?: string }).as_of;
