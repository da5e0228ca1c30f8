import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type KeyboardEvent, useDeferredValue, useId, useState } from 'react';
import { apiQuery } from '@/api/queries';
import { Dialog } from '@/ui/dialog';
import { Icon, KindIcon } from '@/ui/icon';
import { Name } from '@/ui/name';
import { useBindings } from './keys';
import { useRecent } from './my-assets';
import { useHasPage } from './page-link';
import { pages } from './pages';
import './palette.css';
import { actionEntries, assetEntries, type Entry, matching, pageEntries } from './palette-entries';

const HITS = 8;
const RECENT = 5;

export interface PaletteProps {
  readonly open: boolean;
  readonly onClose: () => void;
}

export default function Palette({ open, onClose }: PaletteProps) {
  return (
    <Dialog title="Go to" open={open} onClose={onClose} className="palette">
      <PaletteList onClose={onClose} />
    </Dialog>
  );
}

function PaletteList({ onClose }: { onClose: () => void }) {
  const [typed, setTyped] = useState('');
  const entries = useEntries(typed);
  const [chosen, setChosen] = useState(0);
  const list = useId();
  const run = useRun(onClose);
  const at = Math.min(chosen, entries.length - 1);
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && entries.length) setChosen((at + step + entries.length) % entries.length);
    else if (event.key === 'Enter' && entries[at]) run(entries[at]);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <input
        className="palette-i"
        type="text"
        role="combobox"
        aria-expanded="true"
        aria-controls={list}
        aria-activedescendant={entries.length ? `${list}-${at}` : undefined}
        aria-label="Asset, page or action"
        dir="auto"
        autoComplete="off"
        placeholder="An asset, a page, or what you want to do"
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          setChosen(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div id={list} role="listbox" aria-label="Where to" className="palette-l">
        {entries.map((entry, index) => (
          <Option
            key={entry.id}
            id={`${list}-${index}`}
            entry={entry}
            chosen={index === at}
            onRun={run}
            before={entries[index - 1]}
          />
        ))}
      </div>
      <p className="t3 xs" role="status">
        {entries.length === 0 ? 'Nothing has this name.' : '↑ ↓ choose, Enter opens, Esc closes.'}
      </p>
    </>
  );
}

interface OptionProps {
  readonly id: string;
  readonly entry: Entry;
  readonly chosen: boolean;
  readonly before: Entry | undefined;
  readonly onRun: (entry: Entry) => void;
}

function Option({ id, entry, chosen, before, onRun }: OptionProps) {
  return (
    <>
      {before?.group !== entry.group && (
        <div className="palette-g" role="presentation">
          {entry.group}
        </div>
      )}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the focus stays in the field, which handles the keys */}
      {/* biome-ignore lint/a11y/useFocusableInteractive: the field names the chosen option (aria-activedescendant) */}
      <div
        id={id}
        role="option"
        aria-selected={chosen}
        aria-label={entry.detail ? `${entry.text} ${entry.detail}` : entry.text}
        ref={(element) => {
          if (chosen) element?.scrollIntoView({ block: 'nearest' });
        }}
        onClick={() => onRun(entry)}
      >
        {entry.kind ? <KindIcon kind={entry.kind} /> : <Icon name={entry.group === 'Pages' ? 'find' : 'run'} />}
        <Name text={entry.text} />{' '}
        {entry.detail && (entry.group === 'Actions' ? <kbd>{entry.detail}</kbd> : <span className="t3 xs">{entry.detail}</span>)}
      </div>
    </>
  );
}

function useEntries(typed: string): readonly Entry[] {
  const q = useDeferredValue(typed.trim());
  const canOpen = useHasPage('/asset');
  const found = useQuery({
    ...apiQuery('/api/v1/search', { q, prefix: true, limit: HITS }),
    enabled: canOpen && q !== '',
    placeholderData: keepPreviousData,
  });
  const recent = useRecent();
  const bindings = useBindings();
  const fixed = [...pageEntries(pages.map((page) => page.path)), ...actionEntries(bindings)];
  if (q === '') return [...(canOpen ? assetEntries(recent.slice(0, RECENT), 'Opened last') : []), ...fixed];
  return [...assetEntries(found.data?.hits ?? [], 'Assets'), ...matching(fixed, q)];
}

/** Does what an entry says, after the palette is closed and the focus is back where it was. */
function useRun(onClose: () => void): (entry: Entry) => void {
  const navigate = useNavigate();
  return ({ target }) => {
    onClose();
    setTimeout(() => {
      if ('binding' in target) target.binding.run(new window.KeyboardEvent('keydown', { key: target.binding.key }));
      else void navigate({ to: target.page as string, search: (target.search ?? {}) as never });
    });
  };
}
