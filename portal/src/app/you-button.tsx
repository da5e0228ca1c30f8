import { useId, useState } from 'react';
import { CloseButton, Dialog } from '@/ui/dialog';
import { Icon } from '@/ui/icon';
import { Account } from './account';
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
