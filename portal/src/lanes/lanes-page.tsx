import { useMemo } from 'react';
import { PageLink, useHasPage } from '@/app/page-link';
import { usePageStatus } from '@/app/page-status';
import { AsCommand, AsJson } from '@/ui/as-same';
import { Empty } from '@/ui/empty';
import { KindIcon } from '@/ui/icon';
import { Page } from '@/ui/page';
import './lanes.css';
import './lanes-flow.css';
import { Answer } from './answer';
import { Board } from './board';
import { picture } from './picture';
import type { Scene } from './scene';
import { useScene } from './use-scene';
import { commandWords, type LanesPageName, listQuery, sceneQuery, type View } from './view';
import { emptyText } from './wording';

export interface ViewOptions {
  /** The view before is no step of the history. */
  readonly replace?: boolean;
}

export interface LanesPageProps {
  readonly page: LanesPageName;
  readonly view: View;
  readonly onView: (view: View, options?: ViewOptions) => void;
}

/** The page of a lineage or an impact: the answer in a sentence, then the picture. */
export function LanesPage({ page, view, onView }: LanesPageProps) {
  const query = useMemo(() => sceneQuery(page, view), [page, view]);
  const { scene, isLate, isLoading, newer, results } = useScene(query);
  const status = usePageStatus(view.uri === undefined ? [] : results, {
    empty: view.uri === undefined || scene?.total === 1,
    cut: scene?.partial ? (scene.reason ?? 'It is not complete.') : null,
  });
  const past = view.as_of !== undefined;
  const drawn = useMemo(() => (scene ? picture(scene, { past }) : null), [scene, past]);
  const state = isLoading && status.hasAnswer && status.state !== 'error' ? 'loading' : status.state;
  return (
    <Page
      wide
      ownPast
      title={titleOf(page, view, scene)}
      heading={scene && <Heading page={page} scene={scene} />}
      answer={drawn && (drawn.scene.total > 1 ? <Answer picture={drawn} /> : emptyText(drawn.scene, past))}
      actions={<Actions page={page} view={view} />}
      status={{ ...status, state }}
      total={scene?.total}
      waitsFor={page === 'impact' ? 'the impact' : 'the lineage'}
    >
      {drawn && (
        <Board
          page={page}
          view={view}
          picture={drawn}
          query={query}
          isLoading={isLoading}
          isLate={isLate}
          newer={newer}
          onView={onView}
        />
      )}
      {view.uri === undefined && (
        <div className="lh">
          <Empty>No asset is named. Find one with the search above, and open its {page} from its page.</Empty>
        </div>
      )}
    </Page>
  );
}

const LEADS: Record<Scene['direction'], string> = { downstream: 'Downstream of', upstream: 'Upstream of', both: 'Around' };

function leadOf(page: LanesPageName, direction: Scene['direction']): string {
  return page === 'impact' ? 'Impact of' : LEADS[direction];
}

function titleOf(page: LanesPageName, view: View, scene: Scene | undefined): string {
  const lead = leadOf(page, scene?.direction ?? view.direction ?? 'downstream');
  return scene ? `${lead} ${scene.root.name}` : page === 'impact' ? 'Impact' : 'Lineage';
}

function Heading({ page, scene }: { page: LanesPageName; scene: Scene }) {
  return (
    <>
      <KindIcon kind={scene.root.kind} />
      <span className="lt">
        <span className="t2">{leadOf(page, scene.direction)}</span> <bdi dir="auto">{scene.root.name}</bdi>
      </span>
    </>
  );
}

function Actions({ page, view }: Pick<LanesPageProps, 'page' | 'view'>) {
  if (view.uri === undefined) return null;
  return (
    <>
      <AsJson path={`/${page}`} query={listQuery(page, view)} />
      <AsCommand words={commandWords(page, view)} />
      <OpenPage uri={view.uri} />
    </>
  );
}

function OpenPage({ uri }: { uri: string }) {
  const exists = useHasPage('/asset');
  return exists ? (
    <PageLink page="/asset" search={{ uri }} className="btn">
      Open page
    </PageLink>
  ) : null;
}
