import { useQuery } from '@tanstack/react-query';
import type { Path, Step, Why } from '@/api/generated';
import { apiQuery } from '@/api/queries';
import { PageLink } from '@/app/page-link';
import { AssetName } from '@/ui/asset-name';
import { counted, kindWord } from '@/ui/format';
import { Time } from '@/ui/time';

/** Each origin is asked for by itself; longer paths link to it. */
const ASKED = 20;

export interface PathEdge {
  readonly source: string;
  readonly relation: string;
  readonly target: string;
}

/** The edge between a step and the one before it: relations point downstream, whichever way the path is walked. */
export function edgeOf(before: Step, step: Step, direction: Path['direction']): PathEdge {
  const relation = step.relation ?? '';
  return direction === 'upstream'
    ? { source: step.uri, relation, target: before.uri }
    : { source: before.uri, relation, target: step.uri };
}

/** A path as a list of assets, between them the relation and who reported it. */
export function Chain({ path }: { path: Path }) {
  return (
    <ol className="chain" aria-label="Path">
      {path.path.map((step, place) => {
        const before = path.path[place - 1];
        return (
          <li key={step.uri}>
            {before && <Link path={path} before={before} step={step} asked={place <= ASKED} />}
            <AssetName uri={step.uri} kind={step.kind} name={step.name} /> <span className="t3">{kindWord(step.kind)}</span>
          </li>
        );
      })}
    </ol>
  );
}

interface LinkProps {
  readonly path: Path;
  readonly before: Step;
  readonly step: Step;
  readonly asked: boolean;
}

function Link({ path, before, step, asked }: LinkProps) {
  const edge = edgeOf(before, step, path.direction);
  const arrow = path.direction === 'upstream' ? '\u2191' : '\u2193';
  return (
    <div className="link">
      <span aria-hidden="true">{arrow}</span> {edge.relation.replaceAll('_', ' ')}
      {step.folded ? `, over ${counted(step.folded, 'folded asset')}` : ''}{' '}
      {asked && !step.folded && <Origins edge={edge} as_of={path.as_of} />}{' '}
      <PageLink page="/why" search={{ source: edge.source, relation: edge.relation, target: edge.target }}>
        why<span className="vh"> this step, to {step.name}</span>
      </PageLink>
    </div>
  );
}

function Origins({ edge, as_of }: { edge: PathEdge; as_of: string }) {
  const found = useQuery({ ...apiQuery('/api/v1/why', { ...edge, as_of }), retry: false });
  return found.data ? <OriginNames why={found.data} /> : null;
}

/** Who reported an edge and since when; a rule that inferred it by its name. */
export function OriginNames({ why }: { why: Why }) {
  const names = [...new Set(why.origins.map((each) => each.origin))];
  const since = why.origins.map((each) => each.valid_from).sort()[0];
  return (
    <span className="t3">
      <bdi>{names.map((name) => name.replace(/^rule:/, 'inferred by the rule ')).join(', ')}</bdi>
      {since && (
        <>
          {' '}
          since <Time at={since} />
        </>
      )}
    </span>
  );
}
