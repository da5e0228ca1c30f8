import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { type FormEvent, useCallback, useId, useState } from 'react';
import { Dialog } from '@/ui/dialog';
import { formatTime } from '@/ui/format';
import { useKey } from './keys';
import { momentOf } from './params';

const root = getRouteApi('__root__');

/** The moment that every page looks at: now, or `as_of`. */
export function TimePill() {
  const { as_of } = root.useSearch();
  const at = as_of === undefined ? null : momentOf(as_of);
  const [open, setOpen] = useState(false);
  const show = useCallback(() => setOpen(true), []);
  useKey('t', 'look at another time', show);
  return (
    <>
      <button className={at ? 'pill is-past' : 'pill'} type="button" aria-haspopup="dialog" onClick={show}>
        <span className="vh">Time: </span>
        {at ? formatTime(at) : 'Now'}
      </button>
      <Dialog title="Look at another time" open={open} onClose={() => setOpen(false)}>
        <TimeForm at={at} onDone={() => setOpen(false)} />
      </Dialog>
    </>
  );
}

/** A moment as a field of type datetime-local writes it: in the reader's zone, without one. */
function localText(at: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

function TimeForm({ at, onDone }: { at: Date | null; onDone: () => void }) {
  const [typed, setTyped] = useState(localText(at ?? new Date()));
  const navigate = useNavigate(); // not the root's: '.' is the page that is open
  const id = useId();
  const go = (as_of: string | undefined) => {
    onDone();
    void navigate({ to: '.', search: (now: object) => ({ ...now, as_of }) as never });
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const chosen = new Date(typed);
    if (!Number.isNaN(chosen.getTime())) go(chosen.toISOString().replace('.000Z', 'Z'));
  };
  return (
    <form className="time-form" onSubmit={submit}>
      <p className="t2">Every page then shows what was the case at that moment, until you go back to now.</p>
      <label htmlFor={id}>Date and time, {Intl.DateTimeFormat().resolvedOptions().timeZone}</label>
      <input id={id} type="datetime-local" step="1" required value={typed} onChange={(event) => setTyped(event.target.value)} />
      <div className="acts">
        <button className="btn pri" type="submit">
          Look at it
        </button>
        <button className="btn" type="button" onClick={() => go(undefined)}>
          Now
        </button>
        <button className="btn quiet" type="button" onClick={onDone}>
          Cancel
        </button>
      </div>
    </form>
  );
}
