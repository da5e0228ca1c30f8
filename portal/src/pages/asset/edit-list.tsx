import { type FormEvent, type ReactNode, useId, useState } from 'react';
import type { Asset } from '@/api/generated';
import type { Annotation } from './annotation';
import { useEditor } from './editing';
import { Whose } from './whose';
import '@/ui/fields.css';

interface EditListProps {
  readonly asset: Asset;
  readonly field: 'tags' | 'links';
  /** "tag", "link". */
  readonly one: string;
  readonly show: (item: string) => ReactNode;
}

/** Tags or links: each is added and removed by itself, so that what others add meanwhile survives. */
export function EditList({ asset, field, one, show }: EditListProps) {
  const { enabled, save } = useEditor();
  const [adding, setAdding] = useState(false);
  const change = (part: { add?: string[]; remove?: string[] }): Promise<boolean> => save({ [field]: part } as Annotation, asset);
  return (
    <>
      <ul className="chips">
        {asset[field].map((item) => (
          <li key={item}>
            {show(item)}
            {enabled && (
              <button className="btn quiet x" type="button" onClick={() => void change({ remove: [item] })}>
                <span aria-hidden="true">×</span>
                <span className="vh">
                  remove the {one} <bdi>{item}</bdi>
                </span>
              </button>
            )}
          </li>
        ))}
        {asset[field].length === 0 && !enabled && <li className="t3">none</li>}
      </ul>
      {enabled &&
        (adding ? (
          <AddForm one={one} onAdd={(item) => change({ add: [item] })} onDone={() => setAdding(false)} />
        ) : (
          <button className="btn quiet" type="button" onClick={() => setAdding(true)}>
            add a {one}
          </button>
        ))}
      <Whose asset={asset} field={field} />
    </>
  );
}

interface AddFormProps {
  readonly one: string;
  readonly onAdd: (item: string) => Promise<boolean>;
  readonly onDone: () => void;
}

function AddForm({ one, onAdd, onDone }: AddFormProps) {
  const [text, setText] = useState('');
  const id = useId();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() !== '' && (await onAdd(text.trim()))) onDone();
  };
  return (
    <form className="add" onSubmit={submit} onKeyDown={(event) => event.key === 'Escape' && onDone()}>
      <label className="vh" htmlFor={id}>
        New {one}
      </label>
      <input
        id={id}
        className="field"
        dir="auto"
        autoComplete="off"
        // biome-ignore lint/a11y/noAutofocus: the field appears because somebody asked for it
        autoFocus
        type={one === 'link' ? 'url' : 'text'}
        placeholder={one === 'link' ? 'https://' : ''}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <button className="btn" type="submit">
        Add
      </button>
      <button className="btn quiet" type="button" onClick={onDone}>
        Cancel
      </button>
    </form>
  );
}
