import { useCallback } from 'react';
import type { Asset } from '@/api/generated';
import { useKey } from '@/app/keys';
import { togglePinned, usePinned } from '@/app/my-assets';
import { Icon } from '@/ui/icon';

/** Pins the asset to the start page of this browser, or takes it off. */
export function PinButton({ asset: { uri, kind, name } }: { asset: Asset }) {
  const pinned = usePinned().some((each) => each.uri === uri);
  const toggle = useCallback(() => togglePinned({ uri, kind, name }), [uri, kind, name]);
  useKey('b', 'pin it, or take the pin off', toggle);
  return (
    <button className="btn quiet" type="button" aria-pressed={pinned} onClick={toggle}>
      <Icon name="pin" /> {pinned ? 'Pinned' : 'Pin'}
    </button>
  );
}
