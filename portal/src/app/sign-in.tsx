import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useId, useState } from 'react';
import { asApiError } from '@/api/problem';
import { dismissSignIn, useSignIn } from '@/api/session';
import { signIn } from '@/api/session-calls';
import { Dialog } from '@/ui/dialog';

/** Asks for a token when the server wants one. Afterwards what failed is asked again, and nothing else changes. */
export function SignInDialog() {
  const { wanted } = useSignIn();
  return (
    <Dialog title="This server wants a token" open={wanted} onClose={dismissSignIn}>
      <SignInForm />
    </Dialog>
  );
}

function SignInForm() {
  const [token, setToken] = useState('');
  const [fault, setFault] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const queries = useQueryClient();
  const field = useId();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      await signIn(token.trim());
      await queries.invalidateQueries();
    } catch (error) {
      const { title, detail, isUnauthorized } = asApiError(error);
      setFault(isUnauthorized ? 'The server does not know this token.' : `${title}. ${detail}`);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className="field" onSubmit={submit}>
      <p className="t2">
        An owner of this server gives tokens out. It is exchanged for a cookie that no script can read; this page keeps no copy.
      </p>
      <label htmlFor={field}>Token</label>
      <input
        id={field}
        type="password"
        autoComplete="current-password"
        required
        value={token}
        aria-invalid={fault !== null}
        aria-describedby={`${field}-fault`}
        onChange={(event) => setToken(event.target.value)}
      />
      <p id={`${field}-fault`} className="bad" role="alert">
        {fault}
      </p>
      <div className="acts">
        <button className="btn pri" type="submit" disabled={busy}>
          Sign in
        </button>
        <button className="btn quiet" type="button" onClick={dismissSignIn}>
          Not now
        </button>
      </div>
    </form>
  );
}
