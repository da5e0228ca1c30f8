import { type FormEvent, Fragment, useId, useState } from 'react';
import type { SimilarAsset } from '@/api/generated';
import { AssetName } from './asset-name';
import { formatDifference, nameOfUri } from './format';
import './similar-hit.css';

interface SimilarHitProps {
  readonly hit: SimilarAsset;
  /** Only the three strongest reasons. */
  readonly short?: boolean;
  /** Says that it is no duplicate, and why. */
  readonly onDismiss?: ((reason: string) => Promise<void>) | undefined;
}

const STRONGEST = 3;

/** An asset that is like another one or like a text: its score, what each signal adds, and whether it can be reused. */
export function SimilarHit({ hit, short = false, onDismiss }: SimilarHitProps) {
  const reasons = [...hit.why].sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
  const shown = short ? reasons.slice(0, STRONGEST) : reasons;
  return (
    <li className="hit">
      <div className="hit-h">
        <AssetName uri={hit.uri} kind={hit.kind} name={hit.name} />
        {hit.suggested && <span className="tag acc">probably the same</span>}
        <span className="t2 hit-owner">
          <bdi>{hit.owners.length ? hit.owners.map(nameOfUri).join(', ') : 'nobody owns it'}</bdi>
        </span>
        <span className="num b">{hit.score.toFixed(2)}</span>
      </div>
      {hit.reuse.text && (
        <p className={hit.reuse.best ? 'b' : 't2'} dir="auto">
          {hit.reuse.text}
        </p>
      )}
      <ul className="reasons">
        {shown.map((reason) => (
          <li key={reason.signal}>
            <span className="num">{contribution(reason.contribution)}</span> <bdi>{reason.text}</bdi>
          </li>
        ))}
      </ul>
      {short && reasons.length > STRONGEST && <p className="why">{reasons.length - STRONGEST} more signals.</p>}
      {hit.copies.length > 0 && (
        <p className="why">
          Copies of it:{' '}
          {hit.copies.map((uri, place) => (
            <Fragment key={uri}>
              {place > 0 && ', '}
              <AssetName uri={uri} kind={hit.kind} name={nameOfUri(uri)} icon={false} />
            </Fragment>
          ))}
        </p>
      )}
      {onDismiss && <DismissForm name={hit.name} onDismiss={onDismiss} />}
    </li>
  );
}

/** Two digits; three where two would say nothing. */
const contribution = (value: number): string => formatDifference(value, Math.abs(value) < 0.005 ? 3 : 2);

function DismissForm({ name, onDismiss }: { name: string; onDismiss: (reason: string) => Promise<void> }) {
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState('');
  const id = useId();
  if (!open) {
    return (
      <button className="btn quiet" type="button" onClick={() => setOpen(true)}>
        Not a duplicate<span className="vh">: {name}</span>
      </button>
    );
  }
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void onDismiss(reason.trim());
  };
  return (
    <form className="add" onSubmit={submit} onKeyDown={(event) => event.key === 'Escape' && setOpen(false)}>
      <label htmlFor={id}>Why not</label>
      {/* biome-ignore lint/a11y/noAutofocus: the field appears because somebody asked for it */}
      <input id={id} className="field" dir="auto" autoFocus value={reason} onChange={(event) => setReason(event.target.value)} />
      <button className="btn" type="submit">
        They are not the same
      </button>
      <button className="btn quiet" type="button" onClick={() => setOpen(false)}>
        Cancel
      </button>
    </form>
  );
}
