import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { Path } from '@/api/generated';
import { apiQuery } from '@/api/queries';
import { PageLink } from '@/app/page-link';
import { statusOf, usePageStatus } from '@/app/page-status';
import { AsCommand, AsJson } from '@/ui/as-same';
import { AssetPicker } from '@/ui/asset-picker';
import { Empty } from '@/ui/empty';
import { counted, nameOfUri } from '@/ui/format';
import { Page } from '@/ui/page';
import { Chain } from './chain';
import './path.css';

const route = getRouteApi('/path');

interface PathSearch {
  readonly source?: string;
  readonly target?: string;
  readonly level?: 'asset' | 'run';
  readonly as_of?: string;
}

/** The shortest path between two assets, each step with who reported it. */
export function PathPage() {
  const { source, target, level, as_of } = route.useSearch() as PathSearch;
  if (source === undefined || target === undefined) {
    return (
      <Page
        title="Path between two assets"
        status={{ ...statusOf([]), state: 'empty' }}
        answer="Choose where it begins and where it ends."
      >
        <Ends />
      </Page>
    );
  }
  return <PathBetween source={source} target={target} level={level} as_of={as_of} />;
}

interface PathBetweenProps {
  readonly source: string;
  readonly target: string;
  readonly level: 'asset' | 'run' | undefined;
  readonly as_of: string | undefined;
}

function PathBetween({ source, target, level, as_of }: PathBetweenProps) {
  const query = { source, target, level, as_of };
  const found = useQuery(apiQuery('/api/v1/paths', query));
  const status = usePageStatus([found], { empty: found.data?.path.length === 0 });
  const words = ['mlgraph', 'path', source, target, ...(level ? ['--level', level] : []), ...(as_of ? ['--as-of', as_of] : [])];
  return (
    <Page
      title={`Path from ${nameOfUri(source)} to ${nameOfUri(target)}`}
      heading="Path between two assets"
      status={status}
      answer={found.data && <bdi>{answerOf(found.data)}</bdi>}
      waitsFor="the path"
      actions={
        <>
          <AsJson path="/paths" query={query} />
          <AsCommand words={words} />
        </>
      }
    >
      <Ends />
      {found.data && <Found path={found.data} />}
    </Page>
  );
}

function Found({ path }: { path: Path }) {
  if (path.source === path.target) return null;
  if (path.path.length === 0) {
    return (
      <Empty>
        No chain of walked relations leads from one to the other, in either direction. Relations such as ownership are not walked;
        the page of{' '}
        <PageLink page="/asset" search={{ uri: path.source, tab: 'relations' }}>
          the first asset
        </PageLink>{' '}
        lists them.
      </Empty>
    );
  }
  return <Chain path={path} />;
}

/** The answer in a sentence; each outcome has its own. */
export function answerOf(path: Path): string {
  if (path.source === path.target) return 'Both ends are the same asset.';
  if (path.path.length === 0) return 'There is no path between them.';
  const steps = counted(path.path.length - 1, 'step');
  const folded = path.folded.count > 0 ? ` It passes over ${counted(path.folded.count, 'asset')} that noise rules fold.` : '';
  const certainty = path.certainty === 'possible' ? ' It is possible, not certain.' : '';
  return `${steps} ${path.direction ?? 'downstream'}.${certainty}${folded}`;
}

/** Both ends, each of which can be changed by search. */
function Ends() {
  const { source, target } = route.useSearch() as PathSearch;
  const navigate = route.useNavigate();
  const change = (part: PathSearch) => void navigate({ search: ((now: PathSearch) => ({ ...now, ...part })) as never });
  return (
    <div className="ends">
      <AssetPicker
        key={`from ${source}`}
        label="From"
        initial={source && nameOfUri(source)}
        autoFocus={source === undefined}
        onPick={({ uri }) => change({ source: uri })}
      />
      <AssetPicker
        key={`to ${target}`}
        label="To"
        initial={target && nameOfUri(target)}
        autoFocus={source !== undefined && target === undefined}
        onPick={({ uri }) => change({ target: uri })}
      />
      {source !== undefined && target !== undefined && (
        <button className="btn" type="button" onClick={() => change({ source: target, target: source })}>
          Swap
        </button>
      )}
    </div>
  );
}
