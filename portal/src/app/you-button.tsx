import { useQueryClient } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { asApiError } from '@/api/problem';
import { askSignIn, useSignIn } from '@/api/session';
import { signOut } from '@/api/session-calls';
import { CloseButton, Dialog } from '@/ui/dialog';
import { Icon } from '@/ui/icon';
import { setTheme, THEMES, type Theme, useTheme } from './theme';

/** Who this browser is for the server, and how the portal looks in it. */
export function YouButton() {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button className="btn quiet you" type="button" aria-haspopup="dialog" onClick={() => setOpen(true)}>
        <Icon name="person" />
        <span className="vh">You and this browser</span>
      </button>
      <Dialog title="You and this browser" open={open} onClose={() => setOpen(false)}>
        <Account onLeave={() => setOpen(false)} />
        <ThemeChoice />
        <CloseButton />
      </Dialog>
    </>
  );
}

function Account({ onLeave }: { onLeave: () => void }) {
  const { session } = useSignIn();
  const queries = useQueryClient();
  const [fault, setFault] = useState('');
  const leave = async () => {
    try {
      await signOut();
      onLeave();
      await queries.invalidateQueries();
    } catch (error) {
      setFault(asApiError(error).message);
    }
  };
  const takeToken = () => {
    onLeave();
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

const WORDS: Readonly<Record<Theme, string>> = { system: "the system's", light: 'light', dark: 'dark' };

function ThemeChoice() {
  const theme = useTheme();
  const name = useId();
  return (
    <fieldset className="seg-f">
      <legend className="t3">Colours</legend>
      {THEMES.map((each) => (
        <label key={each}>
          <input type="radio" name={name} checked={theme === each} onChange={() => setTheme(each)} />
          {WORDS[each]}
        </label>
      ))}
    </fieldset>
  );
}
