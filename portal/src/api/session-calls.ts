import { get, send } from './client';
import type { CallerSession } from './generated';
import { asApiError } from './problem';
import { dismissSignIn, setSession } from './session';

const PATH = '/api/v1/session';

/** Learns who this browser is. A server without sessions has nothing to tell, which is no fault. */
export async function loadSession(): Promise<void> {
  try {
    setSession(await get(PATH, {}));
  } catch (error) {
    const { status } = asApiError(error);
    if (status === -1) throw error;
  }
}

/** Exchanges a token for a cookie. Throws `ApiError`, 401 if the server does not know the token. */
export async function signIn(token: string): Promise<void> {
  setSession(await send<CallerSession>({ method: 'POST', path: PATH, body: { token } }));
  dismissSignIn();
}

/** Ends the session on the server and in this browser. */
export async function signOut(): Promise<void> {
  await send({ method: 'DELETE', path: PATH });
  await loadSession();
}
