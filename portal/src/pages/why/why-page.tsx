import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { Why } from '@/api/generated';
import { apiQuery } from '@/api/queries';
import { statusOf, usePageStatus } from '@/app/page-status';
import { AsCommand, AsJson } from '@/ui/as-same';
import { AssetName } from '@/ui/asset-name';
import { nameOfUri } from '@/ui/format';
import { Page } from '@/ui/page';
import { Grounds } from './grounds';
import { OriginsTable } from './origins-table';
import { RelationForm } from './relation-form';
import '../path/path.css';

const route = getRouteApi('/why');

export interface WhySearch {
  readonly source?: string;
  readonly relation?: string;
  readonly target?: string;
  readonly as_of?: string;
}

/** Why a relation is in the graph: who reported it, or the rule that infers it with its premises. */
export function WhyPage() {
  const { source, relation, target, as_of } = route.useSearch() as WhySearch;
  if (source === undefined || relation === undefined || target === undefined) {
    return (
      <Page
        title="Why is a relation in the graph"
        status={{ ...statusOf([]), state: 'empty' }}
        answer="Choose both ends and the relation."
      >
        <RelationForm />
      </Page>
    );
  }
  return <WhyOf source={source} relation={relation} target={target} as_of={as_of} />;
}

interface WhyOfProps {
  readonly source: string;
  readonly relation: string;
  readonly target: string;
  readonly as_of: string | undefined;
}

function WhyOf({ source, relation, target, as_of }: WhyOfProps) {
  const query = { source, relation, target, as_of };
  const found = useQuery(apiQuery('/api/v1/why', query));
  const status = usePageStatus([found], { empty: found.data?.origins.length === 0 });
  const words = ['mlgraph', 'why', source, relation, target, ...(as_of ? ['--as-of', as_of] : [])];
  return (
    <Page
      title={`Why ${nameOfUri(source)} ${relation} ${nameOfUri(target)}`}
      heading="Why"
      crumb={
        <span className="edge">
          <AssetName uri={source} /> <b className="b">{relation.replaceAll('_', ' ')}</b> <AssetName uri={target} />
        </span>
      }
      status={status}
      answer={found.data && answerOf(found.data)}
      waitsFor="the origins of this relation"
      actions={
        <>
          <AsJson path="/why" query={query} />
          <AsCommand words={words} />
        </>
      }
    >
      {found.data && <Reasons why={found.data} />}
      <details className="other">
        <summary>Another relation</summary>
        <RelationForm />
      </details>
    </Page>
  );
}

/** The answer in a sentence: reported, inferred, both, or no longer valid. */
export function answerOf(why: Why): string {
  const origins = [...new Set(why.origins.map((each) => each.origin))];
  const rules = origins.filter((each) => each.startsWith('rule:')).map((each) => each.slice('rule:'.length));
  const sources = origins.filter((each) => !each.startsWith('rule:'));
  const reported = sources.length ? `reported by ${sources.join(' and ')}` : '';
  const inferred = rules.length ? `inferred by the rule ${rules.join(' and ')}` : '';
  const how = [reported, inferred].filter(Boolean).join(' and ');
  if (how === '') return 'Nobody has reported it, and no rule infers it.';
  return why.holds ? `It is ${how}.` : `It is not valid at this moment. It was ${how}.`;
}

function Reasons({ why }: { why: Why }) {
  return (
    <div className="col">
      <section aria-labelledby="h-origins">
        <div className="sec-h">
          <h2 id="h-origins">Origins</h2>
          <span className="t3">each with its validity</span>
        </div>
        <OriginsTable origins={why.origins} />
      </section>
      {why.rule && <Grounds why={why} rule={why.rule} />}
    </div>
  );
}
