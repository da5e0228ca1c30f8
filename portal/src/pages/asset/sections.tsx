import { getRouteApi, Link } from '@tanstack/react-router';
import type { Asset } from '@/api/generated';
import { formatCount } from '@/ui/format';
import { AboutSection } from './about-section';
import { columnsOf } from './columns';
import { FactsAside } from './facts-aside';
import { HistorySection } from './history-section';
import type { Tab } from './page';
import type { RelationGroup } from './relations';
import { RelationsSection } from './relations-section';
import { SchemaSection } from './schema-section';
import { SimilarSection } from './similar-section';
import { SourcesSection } from './sources-section';
import { hasVersions, VersionsSection } from './versions-section';

const route = getRouteApi('/asset');

interface SectionsProps {
  readonly asset: Asset;
  readonly groups: readonly RelationGroup[];
}

interface TabEntry {
  readonly tab: Tab;
  readonly label: string;
  readonly count?: number;
}

function tabsOf(asset: Asset): TabEntry[] {
  const columns = columnsOf(asset.properties).length;
  return [
    { tab: 'about', label: 'About' },
    ...(columns > 0 || asset.kind === 'dataset' ? [{ tab: 'schema' as const, label: 'Schema', count: columns }] : []),
    ...(hasVersions(asset) ? [{ tab: 'versions' as const, label: 'Versions' }] : []),
    { tab: 'relations', label: 'Relations', count: asset.relations_total },
    { tab: 'history', label: 'History' },
    { tab: 'similar', label: 'Similar' },
    { tab: 'sources', label: 'Sources', count: asset.origins.length },
  ];
}

/** The tabs, and the sections of the one that is open: `about` has all in short, each other one has its section in full. */
export function Sections({ asset, groups }: SectionsProps) {
  const { tab: chosen = 'about' } = route.useSearch() as { tab?: Tab };
  const tabs = tabsOf(asset);
  const has = (tab: Tab) => tabs.some((each) => each.tab === tab);
  const shows = (tab: Tab) => has(tab) && (chosen === 'about' || chosen === tab);
  const short = chosen === 'about';
  return (
    <>
      <nav className="tabs" aria-label="Sections">
        {tabs.map(({ tab, label, count }) => (
          <TabLink key={tab} tab={tab} current={tab === chosen}>
            {label}
            {count !== undefined && ` ${formatCount(count)}`}
          </TabLink>
        ))}
      </nav>
      <div className="col-2 as">
        <div className="as-main">
          {short && <AboutSection asset={asset} />}
          {shows('schema') && <SchemaSection asset={asset} short={short} />}
          {shows('versions') && <VersionsSection asset={asset} short={short} />}
          {shows('relations') && <RelationsSection asset={asset} short={short} />}
          {shows('history') && <HistorySection asset={asset} groups={groups} short={short} />}
          {shows('similar') && <SimilarSection asset={asset} short={short} />}
          {!short && shows('sources') && <SourcesSection asset={asset} />}
          {!has(chosen) && <p className="t2">An asset of this kind has no {chosen}.</p>}
        </div>
        <FactsAside asset={asset} />
      </div>
    </>
  );
}

interface TabLinkProps {
  readonly tab: Tab;
  readonly current?: boolean;
  readonly children: React.ReactNode;
}

/** A link to a section of the same asset. */
export function TabLink({ tab, current = false, children }: TabLinkProps) {
  return (
    <Link
      to="/asset"
      search={((now: object) => ({ ...now, tab: tab === 'about' ? undefined : tab })) as never}
      resetScroll={false}
      activeProps={{ className: undefined, 'aria-current': undefined }}
      aria-current={current ? 'page' : undefined}
    >
      {children}
    </Link>
  );
}
