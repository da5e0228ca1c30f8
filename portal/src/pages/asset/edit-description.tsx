import { type KeyboardEvent, useCallback, useEffect, useId, useRef, useState } from 'react';
import type { Asset } from '@/api/generated';
import { useKey } from '@/app/keys';
import { formatCount } from '@/ui/format';
import { useEditor } from './editing';
import { Whose } from './whose';
import '@/ui/fields.css';

const MAX_CHARS = 20_000;

/** The description as text, and a field to write it. */
export function DescriptionEditor({ asset }: { asset: Asset }) {
  const { enabled } = useEditor();
  // What was read when editing began: a later answer of the server must not hide that somebody else wrote meanwhile.
  const [base, setBase] = useState<Asset | null>(null);
  const button = useRef<HTMLButtonElement>(null);
  const wasOpen = useRef(false);
  const canEdit = enabled && asset.kind !== 'person';
  const begin = useCallback(() => setBase(asset), [asset]);
  const done = useCallback(() => setBase(null), []);
  useKey('e', 'edit the description', begin, canEdit && base === null);
  useEffect(() => {
    if (wasOpen.current && base === null) button.current?.focus();
    wasOpen.current = base !== null;
  }, [base]);
  if (base !== null) return <DescriptionForm base={base} onDone={done} />;
  return (
    <>
      <div className="lead">
        {asset.description === null ? (
          <p className="t2">Nobody has described it.</p>
        ) : (
          <p className="text" dir="auto">
            {asset.description}
          </p>
        )}
        {canEdit && (
          <button ref={button} className="btn quiet" type="button" onClick={begin}>
            {asset.description === null ? 'Describe it' : 'Edit'}
            <span className="vh"> the description</span>
          </button>
        )}
      </div>
      <Whose asset={asset} field="description" />
    </>
  );
}

function DescriptionForm({ base, onDone }: { base: Asset; onDone: () => void }) {
  const { save, outcome } = useEditor();
  const [text, setText] = useState(base.description ?? '');
  const [pending, setPending] = useState(false);
  const id = useId();
  const empty = text.trim() === '';
  const tooLong = text.length > MAX_CHARS;
  // Who saw the other text in a conflict and edits on means what they write on top of it.
  const [seen, setSeen] = useState(base);
  useEffect(() => {
    if (outcome.is === 'none' || outcome.is === 'failed' || outcome.field !== 'description') return;
    if (outcome.is === 'conflict') setSeen(outcome.theirs);
    else if (seen !== base) onDone();
  }, [outcome, seen, base, onDone]);
  const submit = async () => {
    if (empty || tooLong || pending) return;
    setPending(true);
    const written = await save({ description: text.trim() }, seen);
    setPending(false);
    if (written) onDone();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') onDone();
    else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void submit();
    else return;
    event.preventDefault();
  };
  return (
    <form
      className="edit"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <label htmlFor={id}>Description</label>
      <textarea
        id={id}
        className="field"
        dir="auto"
        rows={5}
        // biome-ignore lint/a11y/noAutofocus: the field appears because somebody asked for it
        autoFocus
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
        aria-describedby={`${id}-hint`}
      />
      <p id={`${id}-hint`} className="why">
        {tooLong
          ? `${formatCount(text.length)} characters, at most ${formatCount(MAX_CHARS)} are stored. Link to a page instead.`
          : 'It counts before what sources say. Ctrl-Enter saves, Escape leaves.'}
      </p>
      <div className="acts">
        <button className="btn pri" type="submit" disabled={empty || tooLong || pending}>
          Save
        </button>
        <button className="btn" type="button" onClick={onDone}>
          Cancel
        </button>
      </div>
    </form>
  );
}
