import type { Asset, FieldClaim } from '@/api/generated';
import { nameOfUri } from '@/ui/format';
import { Time } from '@/ui/time';
import { type Field, isCurated } from './annotation';
import { useEditor } from './editing';

/** Whose value a field is and since when, what others say of it, and how to take back what people wrote. */
export function Whose({ asset, field }: { asset: Asset; field: Field }) {
  const { enabled, save } = useEditor();
  const known = asset.fields[field];
  if (known === undefined) return null;
  const curated = isCurated(asset, field);
  return (
    <div className="whose why">
      <span>
        {curated ? 'written by ' : 'from '}
        <bdi>{curated ? (known.actor ?? 'somebody') : known.origin}</bdi>, <Time at={known.at} />
      </span>
      {curated && enabled && (
        <button className="btn quiet" type="button" onClick={() => save({ [field]: null }, asset)}>
          take back<span className="vh"> what people wrote: {field}</span>
        </button>
      )}
      {known.others.length > 0 && <Others claims={known.others} field={field} />}
    </div>
  );
}

function Others({ claims, field }: { claims: readonly FieldClaim[]; field: Field }) {
  const [first] = claims;
  const word = claims.length === 1 && first ? `${first.origin} says` : `${claims.length} others say`;
  return (
    <details>
      <summary>
        <bdi>{word}</bdi>
        <span className="vh"> of {field}</span>
      </summary>
      <ul>
        {claims.map((claim) => (
          <li key={`${claim.origin} ${claim.at}`}>
            <bdi>{valueText(claim.value)}</bdi>{' '}
            <span className="t3">
              <bdi>{claim.origin}</bdi>, <Time at={claim.at} />
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}

/** A value of a field as text. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined || value === '') return 'nothing';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return value.length ? value.map(valueText).join(', ') : 'none';
  if (typeof value === 'string') return value.startsWith('mlg://') ? nameOfUri(value) : value;
  return JSON.stringify(value);
}
