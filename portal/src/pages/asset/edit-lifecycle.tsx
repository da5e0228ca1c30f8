import { useState } from 'react';
import type { Asset } from '@/api/generated';
import { AssetName } from '@/ui/asset-name';
import { AssetPicker } from '@/ui/asset-picker';
import { useEditor } from './editing';
import { Whose } from './whose';

/** Whether the asset should no longer be used. */
export function EditDeprecated({ asset }: { asset: Asset }) {
  const { enabled, save } = useEditor();
  return (
    <>
      {asset.deprecated ? 'deprecated' : 'in use'}{' '}
      {enabled && (
        <button className="btn quiet" type="button" onClick={() => save({ deprecated: !asset.deprecated }, asset)}>
          {asset.deprecated ? 'not deprecated' : 'deprecate'}
        </button>
      )}
      <Whose asset={asset} field="deprecated" />
    </>
  );
}

/** What to use in place of the asset. */
export function EditSuccessor({ asset }: { asset: Asset }) {
  const { enabled, save } = useEditor();
  const [base, setBase] = useState<Asset | null>(null);
  return (
    <>
      {asset.successor ? <AssetName uri={asset.successor} /> : <span className="t3">none</span>}{' '}
      {enabled &&
        (base ? (
          <AssetPicker
            label="Successor"
            kinds={[asset.kind]}
            autoFocus
            onPick={({ uri }) => void save({ successor: uri }, base).then((written) => written && setBase(null))}
            onCancel={() => setBase(null)}
          />
        ) : (
          <button className="btn quiet" type="button" onClick={() => setBase(asset)}>
            {asset.successor ? 'choose another' : 'choose one'}
          </button>
        ))}
      <Whose asset={asset} field="successor" />
    </>
  );
}
