import { useState } from 'react';
import type { Asset } from '@/api/generated';
import { AssetPicker } from '@/ui/asset-picker';
import { nameOfUri } from '@/ui/format';
import { OwnerLink } from '@/ui/owner-link';
import { useEditor } from './editing';
import { Whose } from './whose';

/** Who answers for the asset: teams and people. What is written replaces what sources say. */
export function EditOwners({ asset }: { asset: Asset }) {
  const { enabled, save } = useEditor();
  const [base, setBase] = useState<Asset | null>(null);
  const write = (owners: readonly string[], from: Asset) =>
    void save({ owners }, from).then((written) => written && setBase(null));
  return (
    <>
      <ul className="owners">
        {asset.owners.map((owner) => (
          <li key={owner}>
            <OwnerLink uri={owner} />
            {enabled && (
              <button
                className="btn quiet x"
                type="button"
                onClick={() =>
                  write(
                    asset.owners.filter((each) => each !== owner),
                    asset,
                  )
                }
              >
                <span aria-hidden="true">×</span>
                <span className="vh">
                  remove the owner <bdi>{nameOfUri(owner)}</bdi>
                </span>
              </button>
            )}
          </li>
        ))}
        {asset.owners.length === 0 && <li className="t3">Nobody owns it.{enabled && ' Name a team.'}</li>}
      </ul>
      {enabled &&
        (base ? (
          <AssetPicker
            label="New owner"
            kinds={['team', 'person']}
            autoFocus
            onPick={({ uri }) => write([...new Set([...base.owners, uri])], base)}
            onCancel={() => setBase(null)}
          />
        ) : (
          <button className="btn quiet" type="button" onClick={() => setBase(asset)}>
            {asset.owners.length === 0 ? 'name an owner' : 'add an owner'}
          </button>
        ))}
      <Whose asset={asset} field="owners" />
    </>
  );
}
