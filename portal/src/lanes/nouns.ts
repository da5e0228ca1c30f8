const PLURALS: Record<string, [one: string, several: string]> = {
  asset: ['asset', 'assets'],
  model_version: ['version', 'versions'],
  feature_view: ['feature view', 'feature views'],
  entity: ['entity', 'entities'],
  policy: ['policy', 'policies'],
  person: ['person', 'people'],
};

/** The noun for a kind of asset: `version`, `versions`. */
export function nouns(kind: string, count: number): string {
  const known = PLURALS[kind];
  if (known) return known[count === 1 ? 0 : 1];
  const noun = kind.replaceAll('_', ' ');
  return count === 1 ? noun : `${noun}s`;
}

const NUMBERS = new Intl.NumberFormat('en-GB');

/** A count as the portal writes it: `40,120`. */
export function count(number: number): string {
  return NUMBERS.format(number);
}
