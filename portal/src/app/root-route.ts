import { createRootRoute, retainSearchParams } from '@tanstack/react-router';
import { present, type RawSearch, text } from './params';

/** Parameters of every page: the moment that is looked at, and the write that answers have to include. */
export interface SharedSearch {
  /** As it stands in the address; `momentOf` says whether it is a time. */
  readonly as_of?: string | undefined;
  readonly at_least?: string | undefined;
}

export const rootRoute = createRootRoute({
  // A fault in these does not take the frame away: the page below says what is wrong (ui/page.tsx), and the API refuses it.
  validateSearch: (raw: RawSearch): SharedSearch => present({ as_of: text(raw, 'as_of'), at_least: text(raw, 'at_least') }),
  // Whoever looks at the past stays there until the pill brings them back.
  search: { middlewares: [retainSearchParams(['as_of'])] },
});
