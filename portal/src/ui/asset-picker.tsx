import { useQuery } from '@tanstack/react-query';
import { type KeyboardEvent, useEffect, useId, useState } from 'react';
import { apiQuery } from '@/api/queries';
import { kindWord, uriParts } from './format';
import { KindIcon } from './icon';
import { Name } from './name';
import './fields.css';

export interface PickedAsset {
  readonly uri: string;
  readonly kind: string;
  readonly name: string;
}

interface AssetPickerProps {
  readonly label: string;
  /** Only assets of these kinds are offered. */
  readonly kinds?: readonly string[];
  readonly onPick: (picked: PickedAsset) => void;
  readonly onCancel?: () => void;
  readonly autoFocus?: boolean;
  readonly initial?: string;
}

const SHOWN = 8;
const TYPING_MS = 150;

/** A field that finds an asset by words or takes its URI: a combobox with a list (ARIA 1.2). */
export function AssetPicker({ label, kinds, onPick, onCancel, autoFocus = false, initial = '' }: AssetPickerProps) {
  const [typed, setTyped] = useState(initial);
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(0);
  const id = useId();
  const q = useLater(typed.trim());
  const found = useQuery({
    ...apiQuery('/api/v1/search', { q, prefix: true, kind: kinds, limit: SHOWN }),
    enabled: open && q !== '',
    placeholderData: (before) => before,
  });
  const options = optionsOf(typed.trim(), kinds, found.data?.hits ?? []);
  const shown = open && typed.trim() !== '';
  const pick = (option: PickedAsset | undefined) => {
    if (!option) return;
    setTyped(option.name);
    setOpen(false);
    onPick(option);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') setActive(Math.min(active + 1, options.length - 1));
    else if (event.key === 'ArrowUp') setActive(Math.max(active - 1, 0));
    else if (event.key === 'Enter' && shown) pick(options[active]);
    else if (event.key === 'Escape' && shown) setOpen(false);
    else if (event.key === 'Escape' && onCancel) onCancel();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className="picker">
      <label htmlFor={`${id}-in`}>{label}</label>
      <input
        id={`${id}-in`}
        className="field"
        role="combobox"
        aria-expanded={shown}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={shown && options[active] ? `${id}-${active}` : undefined}
        // biome-ignore lint/a11y/noAutofocus: the field appears because somebody asked for it
        autoFocus={autoFocus}
        autoComplete="off"
        dir="auto"
        placeholder="Name or URI"
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          setOpen(true);
          setActive(0);
        }}
        onKeyDown={onKeyDown}
        onBlur={() => setOpen(false)}
      />
      <div
        id={`${id}-list`}
        role="listbox"
        aria-label="Assets found"
        className="picker-list"
        hidden={!shown || options.length === 0}
      >
        {options.map((option, place) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the focus and handles the keys
          // biome-ignore lint/a11y/useFocusableInteractive: aria-activedescendant points at it
          <div
            key={option.uri}
            id={`${id}-${place}`}
            role="option"
            aria-selected={place === active}
            aria-label={`${option.name} ${kindWord(option.kind)}`}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => pick(option)}
          >
            <KindIcon kind={option.kind} />
            <Name text={option.name} /> <span className="t3">{kindWord(option.kind)}</span>
          </div>
        ))}
      </div>
      <p className="why" role="status">
        {shown && found.data && options.length === 0 && 'No asset has all of these words.'}
      </p>
    </div>
  );
}

/** A URI that was typed stands for itself: the server says whether it knows it. */
function optionsOf(typed: string, kinds: readonly string[] | undefined, hits: readonly PickedAsset[]): readonly PickedAsset[] {
  const parts = uriParts(typed);
  if (!parts) return hits;
  return !kinds || kinds.includes(parts.kind) ? [{ uri: typed, kind: parts.kind, name: parts.name }] : [];
}

/** A text once nobody has typed for a moment. */
function useLater(text: string): string {
  const [late, setLate] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setLate(text), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return late;
}
