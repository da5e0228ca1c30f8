import type { Asset } from '@/api/generated';
import { AssetName } from '@/ui/asset-name';
import { Band } from '@/ui/band';
import { Time } from '@/ui/time';
import { existenceOf } from './existence';

/** Says so if the asset is deleted, only referenced, of the future, deprecated, or a name that several assets claim. */
export function ExistenceBand({ asset }: { asset: Asset }) {
  return (
    <>
      <Presence asset={asset} />
      {asset.deprecated && (
        <Band tone="warn" shape="unknown" head="Deprecated.">
          {asset.successor ? (
            <>
              Use <AssetName uri={asset.successor} />.
            </>
          ) : (
            'Nobody named what to use in its place.'
          )}
        </Band>
      )}
      {asset.ambiguous.length > 0 && (
        <Band tone="warn" shape="unknown" head={`${asset.ambiguous.length} assets claim this name.`}>
          {asset.ambiguous.map((uri) => (
            <AssetName key={uri} uri={uri} />
          ))}
        </Band>
      )}
    </>
  );
}

function Presence({ asset }: { asset: Asset }) {
  const existence = existenceOf(asset);
  switch (existence.is) {
    case 'deleted':
      return (
        <Band tone="bad" shape="unmet" head="Deleted.">
          Its sources took it back <Time at={existence.at} />. What was known about it is below.
        </Band>
      );
    case 'referenced':
      return (
        <Band shape="unknown" head="Referenced only.">
          Relations name it, and no source has described it.
        </Band>
      );
    case 'future':
      return (
        <Band tone="past" head="Not yet.">
          At this moment it did not exist. What is known about it begins <Time at={existence.from} />.
        </Band>
      );
    default:
      return null;
  }
}
