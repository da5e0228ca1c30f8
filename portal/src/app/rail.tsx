import { useRouterState } from '@tanstack/react-router';
import { Icon } from '@/ui/icon';
import { PageLink } from './page-link';
import { railPages } from './pages';

/** The main navigation. A place is there only if its page exists. */
export function Rail() {
  const path = useRouterState({ select: (state) => state.location.pathname });
  return (
    <nav className="rail" aria-label="Main">
      {railPages.map(({ path: to, rail }) => {
        if (!rail) return null;
        const here = to === path || (rail.covers?.some((each) => each === path) ?? false);
        return (
          <PageLink key={to} page={to} className={here ? 'here' : undefined} current={here}>
            <Icon name={rail.icon} />
            <span>{rail.label}</span>
          </PageLink>
        );
      })}
    </nav>
  );
}
