import { useNavigate } from '@tanstack/react-router';
import { type PageStatus, statusOf } from '@/app/page-status';
import { AsCommand, AsJson } from '@/ui/as-same';
import { AssetPicker } from '@/ui/asset-picker';
import { nameOfUri, uriParts } from '@/ui/format';
import { NearestAssets } from '@/ui/nearest-assets';
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
        <NearestAssets name={nameOfUri(uri)} kind={uriParts(uri)?.kind} />
      </div>
      {isUri && <p className="t2">If a job writes it, it appears here with its first event.</p>}
    </Page>
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
