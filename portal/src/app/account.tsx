import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { asApiError } from '@/api/problem';
import { askSignIn, useSignIn } from '@/api/session';
import { signOut } from '@/api/session-calls';

/** Who this browser is for the server, with signing in and out; `onLeave` when that begins. */
export function Account({ onLeave }: { onLeave?: () => void }) {
  const { session } = useSignIn();
  const queries = useQueryClient();
  const [fault, setFault] = useState('');
  const leave = async () => {
    try {
      await signOut();
      onLeave?.();
      await queries.invalidateQueries();
    } catch (error) {
      setFault(asApiError(error).message);
    }
  };
  const takeToken = () => {
    onLeave?.();
    askSignIn();
  };
  return (
    <div className="account">
      <p>{identityOf(session)}</p>
      {fault && (
        <p className="bad" role="alert">
          {fault}
        </p>
      )}
      <div className="acts">
        {session?.by === 'session' && (
          <button className="btn" type="button" onClick={leave}>
            Sign out
          </button>
        )}
        {session && session.sign_in !== 'impossible' && (
          <button className="btn" type="button" onClick={takeToken}>
            {session.by === 'session' ? 'Use another token' : 'Sign in with a token'}
          </button>
        )}
      </div>
    </div>
  );
}

function identityOf(session: ReturnType<typeof useSignIn>['session']) {
  if (session === null) return 'This server has no sign-in.';
  if (session.actor === null) return 'Nobody is signed in.';
  return (
    <>
      You are <b dir="auto">{session.actor}</b>
      {session.by === 'local' ? ': callers of this machine need no token.' : '.'}
    </>
  );
}
