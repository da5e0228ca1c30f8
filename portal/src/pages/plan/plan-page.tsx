import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { send } from '@/api/client';
import type { Similar } from '@/api/generated';
import { statusOf, usePageStatus } from '@/app/page-status';
import { AsCommand, AsJson } from '@/ui/as-same';
import { counted } from '@/ui/format';
import { Page } from '@/ui/page';
import { MAX_LINK_CHARS } from './brief';
import { BriefForm } from './brief-form';
import { PlanAnswer } from './plan-answer';
import './plan.css';

const route = getRouteApi('/plan');

interface PlanSearch {
  readonly text?: string;
  readonly kind?: readonly string[];
}

/** What exists already of what somebody plans to build, and whom to talk to. */
export function PlanPage() {
  const { text: linked, kind } = route.useSearch() as PlanSearch;
  const navigate = route.useNavigate();
  const [long, setLong] = useState<string | null>(null);
  const text = long ?? linked;
  const ask = (brief: string) => {
    const fits = brief.length <= MAX_LINK_CHARS;
    setLong(fits ? null : brief);
    void navigate({ search: ((now: PlanSearch) => ({ ...now, text: fits ? brief : undefined })) as never });
  };
  const form = <BriefForm key={text} initial={text ?? ''} onAsk={ask} />;
  if (text === undefined) {
    return (
      <Page
        title="Plan"
        status={{ ...statusOf([]), state: 'empty' }}
        answer="Say what you plan to build. What exists of it is shown with who owns it."
        knowsPast={false}
      >
        {form}
      </Page>
    );
  }
  return (
    <PlanOf text={text} kind={kind} inLink={long === null}>
      {form}
    </PlanOf>
  );
}

interface PlanOfProps {
  readonly text: string;
  readonly kind: readonly string[] | undefined;
  readonly inLink: boolean;
  readonly children: React.ReactNode;
}

function PlanOf({ text, kind, inLink, children }: PlanOfProps) {
  const found = useQuery({
    queryKey: ['plan', text, kind],
    queryFn: ({ signal }) =>
      send<Similar>({ method: 'POST', path: '/api/v1/similar', body: { text, ...(kind ? { kind } : {}) }, signal }),
  });
  const cut = found.data?.partial ? `The list is not complete (${found.data.reason}): ask with a shorter text.` : null;
  const status = usePageStatus([found], { empty: found.data?.nothing_like_it, cut });
  const words = inLink ? ['mlgraph', 'similar', '--text', text] : ['mlgraph', 'plan', 'brief.txt'];
  return (
    <Page
      title="Plan"
      status={status}
      answer={found.data && answerOf(found.data)}
      waitsFor="the comparison with all assets"
      actions={
        <>
          {inLink && <AsJson path="/similar" query={{ text, kind }} />}
          <AsCommand words={words} />
        </>
      }
      knowsPast={false}
    >
      {children}
      {found.data && <PlanAnswer found={found.data} />}
    </Page>
  );
}

/** The answer in a sentence. */
export function answerOf(found: Similar): string {
  if (found.nothing_like_it) return 'Nothing is like it. Nobody seems to have built it.';
  const probable = found.hits.filter((hit) => hit.suggested).length;
  const first =
    probable > 0 ? `${counted(probable, 'asset is', 'assets are')} probably what you plan` : 'Nothing is probably the same';
  const others = found.total - probable;
  return others > 0 ? `${first}; ${counted(others, 'other is', 'others are')} like it.` : `${first}.`;
}
