import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { apiQuery } from '@/api/queries';
import { type PageStatus, statusOf } from '@/app/page-status';
import { AsCommand, AsJson } from '@/ui/as-same';
import { AssetName } from '@/ui/asset-name';
import { AssetPicker } from '@/ui/asset-picker';
import { kindWord, nameOfUri, uriParts } from '@/ui/format';
import { Page } from '@/ui/page';

/** A URI that no fact names, or a text that is none: the nearest names are offered, nothing is guessed. */
export function UnknownAsset({ uri, status }: { uri: string; status: PageStatus }) {
  const isUri = uriParts(uri) !== null;
  const words = ['mlgraph', 'show', uri];
  return (
    <Page
      title={isUri ? 'Nothing is known about this URI' : 'This is not the URI of an asset'}
      crumb={
        <span className="id" dir="ltr">
          {uri}
        </span>
      }
      status={status}
      actions={
        <>
          <AsJson path="/asset" query={{ uri }} />
          <AsCommand words={words} />
        </>
      }
    >
      <div className="col">
        <Nearest name={nameOfUri(uri)} kind={uriParts(uri)?.kind} />
      </div>
      {isUri && <p className="t2">If a job writes it, it appears here with its first event.</p>}
    </Page>
  );
}

const SHOWN = 5;
const MAX_NAME = 500;

/** Assets of the same kind that search finds by the name, then what resolves to it or is spelled much like it. */
function Nearest({ name, kind }: { name: string; kind: string | undefined }) {
  const short = name.slice(-MAX_NAME);
  const found = useQuery({
    ...apiQuery('/api/v1/search', { q: short, kind: kind ? [kind] : undefined, limit: SHOWN }),
    retry: false,
  });
  const named = useQuery(apiQuery('/api/v1/resolve', { name: short }));
  if (!named.data || found.isPending) return null;
  const all = [...(found.data?.hits ?? []), ...named.data.matches, ...named.data.nearest];
  const near = [...new Map(all.map((each) => [each.uri, each])).values()].slice(0, SHOWN);
  if (near.length === 0) return <p className="t2">No name is close to it.</p>;
  return (
    <section aria-labelledby="h-near">
      <div className="sec-h">
        <h2 id="h-near">Close to it</h2>
      </div>
      <ul className="rows">
        {near.map((each) => (
          <li key={each.uri}>
            <AssetName uri={each.uri} kind={each.kind} name={each.name} /> <span className="t3">{kindWord(each.kind)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The page without a URI asks for one. */
export function NoUri() {
  const navigate = useNavigate();
  return (
    <Page title="Which asset?" status={{ ...statusOf([]), state: 'empty' }}>
      <AssetPicker label="Asset" onPick={({ uri }) => navigate({ to: '/asset', search: { uri } })} />
    </Page>
  );
}
