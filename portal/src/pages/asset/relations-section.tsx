import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { Asset } from '@/api/generated';
import { PageLink } from '@/app/page-link';
import { AssetName } from '@/ui/asset-name';
import { Empty } from '@/ui/empty';
import { counted, formatCount, kindWord } from '@/ui/format';
import { groupRelations, type RelationEntry, type RelationGroup } from './relations';
import { TabLink } from './sections';
import { plural } from './sentence';

const route = getRouteApi('/asset');

const SHORT = 5;
const FULL = 50;

/** What stands in a relation with the asset, by meaning. Runs are counted until asked for. */
export function RelationsSection({ asset, short }: { asset: Asset; short: boolean }) {
  const { level } = route.useSearch() as { level?: string };
  const withRuns = level === 'run';
  const { groups, runs, shown } = groupRelations(asset.relations, withRuns);
  return (
    <section id="relations" aria-labelledby="h-relations">
      <div className="sec-h">
        <h2 id="h-relations">Relations</h2>
        <span className="t3">
          {formatCount(shown)} of {formatCount(asset.relations_total)}
          {runs > 0 && (
            <>
              {withRuns ? '; ' : `; ${counted(runs, 'run is', 'runs are')} folded · `}
              <Link
                to="/asset"
                search={((now: object) => ({ ...now, level: withRuns ? undefined : 'run' })) as never}
                resetScroll={false}
              >
                {withRuns ? 'fold runs' : 'show runs'}
              </Link>
            </>
          )}
        </span>
      </div>
      {groups.length === 0 ? (
        <Empty>Nothing reads it and nothing wrote it{runs > 0 ? ' but the runs that are folded' : ''}.</Empty>
      ) : (
        <div className="rels">
          {groups.map((group) => (
            <Group key={group.key} asset={asset} group={group} most={short ? SHORT : FULL} short={short} />
          ))}
        </div>
      )}
    </section>
  );
}

interface GroupProps {
  readonly asset: Asset;
  readonly group: RelationGroup;
  readonly most: number;
  readonly short: boolean;
}

function Group({ asset, group, most, short }: GroupProps) {
  const [listed, setListed] = useState(most);
  const rest = group.entries.length - listed;
  return (
    <div className="rel">
      <h3>
        {group.label.title}{' '}
        <span className="t3">
          {counted(group.entries.length, kindWord(group.kind), plural(group.kind))}
          {group.inferred && ', inferred'}
        </span>
      </h3>
      <ul>
        {group.entries.slice(0, listed).map((entry) => (
          <li key={`${entry.relation.direction} ${entry.uri}`} className={entry.possible ? 'poss' : undefined}>
            <AssetName uri={entry.uri} name={entry.name} />
            <EntryNote entry={entry} />
          </li>
        ))}
        {rest > 0 && (
          <li className="t3">
            {short ? (
              <TabLink tab="relations">{formatCount(rest)} more</TabLink>
            ) : (
              <button className="btn quiet" type="button" onClick={() => setListed(listed + most * 4)}>
                {formatCount(rest)} more
              </button>
            )}
          </li>
        )}
      </ul>
      {rest > 0 && !short && asset.partial && <p className="why">More of them are not listed in this answer.</p>}
    </div>
  );
}

function EntryNote({ entry }: { entry: RelationEntry }) {
  const { source, relation, target } = entry.relation;
  const words = [entry.note, entry.possible ? 'possible' : ''].filter(Boolean).join(', ');
  return (
    <span className="t3 note">
      {words && <bdi>{words}</bdi>}{' '}
      <PageLink page="/why" search={{ source, relation, target }}>
        why
        <span className="vh"> {relation.replaceAll('_', ' ')} </span>
        <bdi className="vh">{entry.name}</bdi>
      </PageLink>
    </span>
  );
}
