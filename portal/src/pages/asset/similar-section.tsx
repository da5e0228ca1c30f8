import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { send } from '@/api/client';
import type { Asset, Similar } from '@/api/generated';
import { asApiError } from '@/api/problem';
import { apiQuery } from '@/api/queries';
import { Empty } from '@/ui/empty';
import { counted, formatCount, kindWord } from '@/ui/format';
import { SimilarHit } from '@/ui/similar-hit';
import { useEditor } from './editing';
import { TabLink } from './sections';

const SHORT = 2;

/** Kinds that the server compares (docs/already-built.md); a version stands for its model or dataset, a column for its dataset. */
const COMPARED: ReadonlySet<string> = new Set(
  'dataset dataset_version column feature feature_view feature_service model model_version workflow service index agent prompt tool metric experiment'.split(
    ' ',
  ),
);

/** What may be a duplicate of the asset, with every reason; a person can say that a pair is none. */
export function SimilarSection({ asset, short }: { asset: Asset; short: boolean }) {
  const compared = COMPARED.has(asset.kind);
  const found = useQuery({ ...apiQuery('/api/v1/similar', { uri: asset.uri }), enabled: compared, retry: false });
  return (
    <section id="similar" aria-labelledby="h-similar">
      <div className="sec-h">
        <h2 id="h-similar">Similar</h2>
        <span className="t3">same kind, every signal shown; as of now</span>
      </div>
      {!compared && <Empty>Assets of the kind {kindWord(asset.kind)} are not compared.</Empty>}
      {found.error && <NotCompared error={found.error} />}
      {found.data && <Hits asset={asset} found={found.data} short={short} refetch={found.refetch} />}
    </section>
  );
}

function NotCompared({ error }: { error: Error }) {
  const { status, title, detail } = asApiError(error);
  if (status === 503) return <Empty>Not compared yet: {detail}.</Empty>;
  return (
    <Empty>
      Not compared. {title}. {detail}
    </Empty>
  );
}

interface Dismissed {
  readonly uri: string;
  readonly name: string;
}

function Hits({ asset, found, short, refetch }: { asset: Asset; found: Similar; short: boolean; refetch: () => unknown }) {
  const { enabled } = useEditor();
  const [dismissed, setDismissed] = useState<Dismissed | null>(null);
  const [failure, setFailure] = useState('');
  const write = async (action: () => Promise<unknown>, then: Dismissed | null) => {
    try {
      await action();
      setDismissed(then);
      setFailure('');
      await refetch();
    } catch (error) {
      setFailure(`Not saved. ${asApiError(error).title}. ${asApiError(error).detail}`);
    }
  };
  const dismiss = (hit: Dismissed, reason: string) =>
    write(
      () => send({ method: 'POST', path: DISMISSALS, body: { a: asset.uri, b: hit.uri, ...(reason ? { reason } : {}) } }),
      hit,
    );
  const undo = (hit: Dismissed) =>
    write(() => send({ method: 'DELETE', path: DISMISSALS, query: { a: asset.uri, b: hit.uri } }), null);
  const shown = short ? found.hits.slice(0, SHORT) : found.hits;
  const rest = found.total - shown.length;
  return (
    <>
      <p className="why" role="status">
        {dismissed && (
          <>
            <bdi>{dismissed.name}</bdi> is not shown again.{' '}
            <button className="btn quiet" type="button" onClick={() => void undo(dismissed)}>
              Undo
            </button>
          </>
        )}
        {failure}
      </p>
      {found.nothing_like_it && <Empty>Nothing is like it.</Empty>}
      <ul className="rows">
        {shown.map((hit) => (
          <SimilarHit
            key={hit.uri}
            hit={hit}
            short={short}
            onDismiss={enabled && !short ? (reason) => dismiss(hit, reason) : undefined}
          />
        ))}
      </ul>
      {rest > 0 && short && (
        <p className="why">
          <TabLink tab="similar">{formatCount(rest)} more</TabLink>
        </p>
      )}
      <p className="why">
        {found.left_out.related > 0 &&
          `${counted(found.left_out.related, 'asset is', 'assets are')} related to it and left out. `}
        {found.left_out.dismissed > 0 && `${counted(found.left_out.dismissed, 'pair', 'pairs')} dismissed by people. `}
        {found.partial && `The list is cut (${found.reason}).`}
      </p>
    </>
  );
}

const DISMISSALS = '/api/v1/similar/dismissals';
