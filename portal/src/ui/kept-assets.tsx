import { type KeptAsset, togglePinned, usePinned, useRecent } from '@/app/my-assets';
import { PageLink, useHasPage } from '@/app/page-link';
import { AssetName } from '@/ui/asset-name';
import { Empty } from '@/ui/empty';
import { KindIcon } from '@/ui/icon';
import { Time } from '@/ui/time';

/** What the reader pinned and opened last, kept by this browser; `most` of the latter. */
export function KeptAssets({ most }: { most?: number }) {
  const pinned = usePinned();
  const recent = useRecent();
  const canOpen = useHasPage('/asset');
  if (!canOpen && pinned.length + recent.length === 0) return null;
  return (
    <div>
      <section aria-labelledby="pinned">
        <div className="sec-h">
          <h2 id="pinned">Pinned</h2>
        </div>
        {pinned.length === 0 && <Empty>Nothing is pinned. An asset's page can pin it here.</Empty>}
        <ul className="rows tight">
          {pinned.map((asset) => (
            <li key={asset.uri} className="item">
              <KindIcon kind={asset.kind} />
              <AssetName uri={asset.uri} name={asset.name} icon={false} />
              <Unpin asset={asset} />
            </li>
          ))}
        </ul>
      </section>
      <section aria-labelledby="recent">
        <div className="sec-h">
          <h2 id="recent">Recently opened</h2>
        </div>
        {recent.length === 0 && <Empty>Nothing yet. What you open stands here, in this browser only.</Empty>}
        <ul className="rows tight">
          {recent.slice(0, most).map((asset) => (
            <li key={asset.uri} className="item">
              <KindIcon kind={asset.kind} />
              <AssetName uri={asset.uri} name={asset.name} icon={false} />
              <Time at={new Date(asset.at).toISOString()} ago />
            </li>
          ))}
        </ul>
        {most !== undefined && recent.length > most && (
          <p className="why">
            <PageLink page="/me">{recent.length - most} more</PageLink>
          </p>
        )}
      </section>
    </div>
  );
}

function Unpin({ asset }: { asset: KeptAsset }) {
  return (
    <button className="btn quiet xs" type="button" onClick={() => togglePinned(asset)}>
      Unpin<span className="vh"> {asset.name}</span>
    </button>
  );
}
