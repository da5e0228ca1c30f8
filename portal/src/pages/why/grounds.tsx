import type { Ground, Why } from '@/api/generated';
import { PageLink } from '@/app/page-link';
import { AssetName } from '@/ui/asset-name';
import { Time } from '@/ui/time';

/** The rule that infers an edge, and the edges that it follows from, down to those that were reported. */
export function Grounds({ why, rule }: { why: Why; rule: string }) {
  return (
    <section aria-labelledby="h-rule">
      <div className="sec-h">
        <h2 id="h-rule">
          Rule <bdi>{rule}</bdi>
        </h2>
        {why.path_as_of && (
          <span className="t3">
            as of <Time at={why.path_as_of} />
          </span>
        )}
      </div>
      <p className="t2">It follows from these relations:</p>
      <Premises grounds={why.path} />
    </section>
  );
}

const isGround = (value: unknown): value is Ground => typeof value === 'object' && value !== null && 'relation' in value;

function Premises({ grounds }: { grounds: readonly unknown[] }) {
  return (
    <ul className="ground">
      {grounds.filter(isGround).map((ground) => (
        <li key={`${ground.source} ${ground.relation} ${ground.target}`}>
          <Premise ground={ground} />
        </li>
      ))}
    </ul>
  );
}

function Premise({ ground }: { ground: Ground }) {
  const { source, relation, target } = ground;
  const words = relation.replaceAll('_', ' ');
  return (
    <>
      <span className="edge">
        <AssetName uri={source} /> <span className="t2">{words}</span> <AssetName uri={target} />
        <span className="t3">
          <bdi>{ground.rule ? `inferred by the rule ${ground.rule}` : ground.origins.join(', ')}</bdi>, since{' '}
          <Time at={ground.valid_from} />
          {ground.certainty === 'possible' && ', possible'}
        </span>
        <PageLink page="/why" search={{ source, relation, target }}>
          why<span className="vh"> {words} this premise</span>
        </PageLink>
      </span>
      {ground.path.length > 0 && <Premises grounds={ground.path} />}
    </>
  );
}
