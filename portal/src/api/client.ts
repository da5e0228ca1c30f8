import type { GetCalls } from './generated';
import { ApiError, errorOf } from './problem';
import { type Query, queryString } from './query-string';
import { reportUnauthorized, writeHeaders } from './session';

export type GetPath = keyof GetCalls;
export type Answer<P extends GetPath> = GetCalls[P]['answer'];

/** The server checks which values a parameter may have; here its name and its form are checked. */
type Widened<T> = T extends string ? string : T extends (infer E extends string)[] ? readonly (E | string)[] : T;
export type QueryOf<P extends GetPath> = {
  readonly [K in keyof GetCalls[P]['query']]: Widened<NonNullable<GetCalls[P]['query'][K]>> | undefined;
};

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Answer of a GET of the API. Throws `ApiError`; an aborted call throws the browser's AbortError. */
export function get<P extends GetPath>(path: P, query: QueryOf<P>, options: CallOptions = {}): Promise<Answer<P>> {
  return getAs<Answer<P>>(path, query as Query, options);
}

/** As `get`, for a call that the generated types do not know. */
export async function getAs<T>(path: string, query: Query = {}, { signal }: CallOptions = {}): Promise<T> {
  return call<T>(path + queryString(query), { method: 'GET', ...(signal ? { signal } : {}) });
}

export interface Write extends CallOptions {
  readonly method: 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly query?: Query;
  readonly body?: unknown;
  /** Of the answer that was edited: a write over a newer state is refused with 412. */
  readonly etag?: string | undefined;
}

/** Sends a write. Throws `ApiError`. */
export function send<T>({ method, path, query = {}, body, etag, signal }: Write): Promise<T> {
  return call<T>(path + queryString(query), {
    method,
    headers: {
      ...writeHeaders(),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(etag === undefined ? {} : { 'if-match': etag }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal ? { signal } : {}),
  });
}

async function call<T>(url: string, init: RequestInit): Promise<T> {
  const response = await reached(url, init);
  if (!response.ok) {
    const error = await errorOf(response);
    if (error.isUnauthorized) reportUnauthorized();
    throw error;
  }
  return (response.status === 204 ? undefined : await response.json()) as T;
}

async function reached(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { credentials: 'same-origin', ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(0, 'The server does not answer', '');
  }
}
