import type { AnyRoute } from '@tanstack/react-router';
import type { IconName } from '@/ui/icon';
import type { PagePath } from './page-paths';

/** What the folder of a page exports as `page` from its `page.ts`. */
export interface PageDefinition {
  readonly path: PagePath;
  /** `createRoute({ getParentRoute: () => rootRoute, path, validateSearch, component })`. */
  readonly route: AnyRoute;
  /** Its place in the rail; most pages have none. `covers`: pages that light the same place. */
  readonly rail?: {
    readonly label: 'Find' | 'Plan' | 'Live' | 'Changes' | 'Mine' | 'Sources';
    readonly icon: IconName;
    readonly covers?: readonly PagePath[];
  };
}
