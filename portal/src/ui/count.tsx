import { formatCount } from './format';

/** A whole number with thousands separators and tabular digits; `value` is also in the element for scripts. */
export function Count({ value }: { value: number }) {
  return (
    <data className="count" value={value}>
      {formatCount(value)}
    </data>
  );
}
