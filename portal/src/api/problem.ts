/** An answer that is no answer: a problem of the server (RFC 9457), or no server at all (`status` 0). */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    /** The kind of the problem, such as `urn:mlgraph:problem:unknown-asset`. */
    readonly type = '',
    /** Where in a body the fault is (RFC 6901). */
    readonly pointer?: string,
    /** Seconds after which the server asks to be called again. */
    readonly retryAfter?: number,
  ) {
    super(detail ? `${title}: ${detail}` : title);
  }

  /** No token, or one that the server does not know. */
  get isUnauthorized(): boolean {
    return this.status === 401;
  }

  get isForbidden(): boolean {
    return this.status === 401 || this.status === 403;
  }

  get isUnreachable(): boolean {
    return this.status === 0;
  }
}

/** The error that a response describes, also where it is no problem+json (a proxy's page). */
export async function errorOf(response: Response): Promise<ApiError> {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  const retryAfter = Number.isFinite(seconds) ? seconds : undefined;
  const text = await response.text().catch(() => '');
  const body = parsed(text);
  return new ApiError(
    response.status,
    textOf(body.title) ?? (response.statusText || `HTTP ${response.status}`),
    textOf(body.detail) ?? '',
    textOf(body.type),
    textOf(body.pointer),
    retryAfter,
  );
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** What a thrown value is as an ApiError; a fault of our own code stays visible as such. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof Error && error.name === 'ParameterError')
    return new ApiError(-1, 'This address has a parameter without meaning', error.message);
  return new ApiError(-1, 'The page failed', error instanceof Error ? error.message : String(error));
}
