import type { QueryValue } from '@/api/query-string';

/** The parameters of an address as they stand there. */
export type RawSearch = Readonly<Record<string, unknown>>;

/** A parameter that has no meaning; the page says so in place of guessing. */
export class ParameterError extends Error {
  override readonly name = 'ParameterError';
}

/** A parameter as text; of a repeated one the last. */
export function text(raw: RawSearch, name: string): string | undefined {
  const value = raw[name];
  const last = Array.isArray(value) ? value.at(-1) : value;
  return last === undefined || last === null || last === '' ? undefined : String(last);
}

/** A parameter that may be repeated. */
export function list(raw: RawSearch, name: string): string[] | undefined {
  const value = raw[name];
  const values = (Array.isArray(value) ? value : [value]).filter((each) => each !== undefined && each !== '').map(String);
  return values.length ? values : undefined;
}

/** `true` or nothing. */
export function flag(raw: RawSearch, name: string): true | undefined {
  const value = text(raw, name);
  if (value === undefined || value === 'false') return undefined;
  if (value === 'true') return true;
  throw new ParameterError(`${name} is '${value}'. It is true or false.`);
}

/** A whole number, 0 or more. */
export function whole(raw: RawSearch, name: string): number | undefined {
  const value = text(raw, name);
  if (value === undefined) return undefined;
  if (!/^\d{1,15}$/.test(value)) throw new ParameterError(`${name} is '${value}'. It is a whole number.`);
  return Number(value);
}

/** One of `allowed`. */
export function choice<T extends string>(raw: RawSearch, name: string, allowed: readonly T[]): T | undefined {
  const value = text(raw, name);
  if (value === undefined) return undefined;
  const found = allowed.find((each) => each === value);
  if (found === undefined) throw new ParameterError(`${name} is '${value}'. It is one of ${allowed.join(', ')}.`);
  return found;
}

/** A time with its zone, as the API reads it. */
export function moment(raw: RawSearch, name: string): string | undefined {
  const value = text(raw, name);
  if (value === undefined) return undefined;
  if (momentOf(value) === null) throw new ParameterError(notAMoment(name, value));
  return value;
}

/** The time that a text of the API means, null if it is none. */
export function momentOf(value: string): Date | null {
  const at = new Date(value);
  return /(?:Z|[+-]\d\d:?\d\d)$/i.test(value) && !Number.isNaN(at.getTime()) ? at : null;
}

export const notAMoment = (name: string, value: string): string =>
  `${name} is '${value}'. It is a time with a zone, such as 2026-11-08T15:00:00Z.`;

/** Only those parameters that have a value: what is left out does not stand in the address. */
export function present<T extends Record<string, unknown>>(values: T): { [K in keyof T]: T[K] } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}

export type LinkSearch = Readonly<Record<string, QueryValue>>;
