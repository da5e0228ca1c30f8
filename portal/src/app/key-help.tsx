import { useCallback, useState } from 'react';
import { CloseButton, Dialog } from '@/ui/dialog';
import { useBindings, useKey } from './keys';

const NAMES: Readonly<Record<string, string>> = {
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
};

/** The list of keys under `?`: those that do something on this page. */
export function KeyHelp() {
  const [open, setOpen] = useState(false);
  useKey(
    '?',
    'all keys',
    useCallback(() => setOpen(true), []),
  );
  return (
    <Dialog title="Keys" open={open} onClose={() => setOpen(false)}>
      <KeyList />
      <p className="t3 xs">Single letters work while no field has the focus.</p>
      <CloseButton />
    </Dialog>
  );
}

function KeyList() {
  const bindings = [...useBindings()].reverse();
  return (
    <dl className="facts keys">
      {bindings.map((each) => (
        <div key={each.key + each.does}>
          <dt>
            <kbd>{NAMES[each.key] ?? each.key.replace('Ctrl+', 'Ctrl-')}</kbd>
          </dt>
          <dd>{each.does}</dd>
        </div>
      ))}
    </dl>
  );
}
