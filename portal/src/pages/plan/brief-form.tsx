import { type DragEvent, type FormEvent, type KeyboardEvent, useId, useState } from 'react';
import { formatCount } from '@/ui/format';
import '@/ui/fields.css';
import { MAX_BYTES, readBrief } from './brief';

/** A text to type or paste, or a file to drop or choose. */
export function BriefForm({ initial, onAsk }: { initial: string; onAsk: (text: string) => void }) {
  const [text, setText] = useState(initial);
  const [fault, setFault] = useState('');
  const [over, setOver] = useState(false);
  const id = useId();
  const ask = (brief: string) => {
    const bytes = new TextEncoder().encode(brief).length;
    if (bytes > MAX_BYTES) setFault(`The text has ${formatCount(bytes)} bytes, at most 1,000,000 are read. Send it in parts.`);
    else if (brief.trim() !== '') onAsk(brief.trim());
  };
  const take = async (file: File | undefined) => {
    if (!file) return;
    const read = await readBrief(file);
    if ('fault' in read) return setFault(read.fault);
    setFault('');
    setText(read.text);
    ask(read.text);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void take(event.dataTransfer.files[0]);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    ask(text);
  };
  return (
    <form
      className={over ? 'brief over' : 'brief'}
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        ask(text);
      }}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <label htmlFor={id}>What do you plan to build</label>
      <textarea
        id={id}
        className="field"
        rows={6}
        dir="auto"
        placeholder="An embedding of movies from their ratings, to find titles that are alike"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <div className="acts">
        <button className="btn pri" type="submit" disabled={text.trim() === ''}>
          Compare
        </button>
        <label className="btn file">
          Read a file
          <input
            className="vh"
            type="file"
            accept="text/*,.md,.txt,.py,.sql,.yaml,.yml,.json"
            onChange={(event) => void take(event.target.files?.[0])}
          />
        </label>
        <span className="why">A file can be dropped here. Nothing of it is stored.</span>
      </div>
      <p className="bad" role="status" dir="auto">
        {fault}
      </p>
    </form>
  );
}
