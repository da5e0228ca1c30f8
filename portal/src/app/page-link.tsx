import { Link, useRouter } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { QueryValue } from '@/api/query-string';
import type { PagePath } from './page-paths';

interface PageLinkProps {
  readonly page: PagePath;
  /** The page's parameters by the API's names. `as_of` is kept by itself; `as_of: undefined` leaves the past. */
  readonly search?: Readonly<Record<string, QueryValue>>;
  readonly className?: string | undefined;
  /** Whether this is the page that is open; only navigation says so. */
  readonly current?: boolean;
  /** Its name for screen readers, where the text is in pieces. */
  readonly label?: string | undefined;
  readonly children: ReactNode;
}

/** A link within the portal; plain text as long as that page does not exist. */
export function PageLink({ page, search = {}, className, current = false, label, children }: PageLinkProps) {
  const exists = useHasPage(page);
  if (!exists) return <span className={className}>{children}</span>;
  return (
    <Link
      to={page as string}
      search={search as never}
      className={className}
      aria-label={label}
      activeProps={{ className: undefined, 'aria-current': undefined }}
      aria-current={current ? 'page' : undefined}
    >
      {children}
    </Link>
  );
}

/** Whether a page exists: a button that leads to it is left out otherwise. */
export const useHasPage = (page: PagePath): boolean => page in useRouter().routesByPath;
