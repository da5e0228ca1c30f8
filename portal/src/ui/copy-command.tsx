import { useState } from 'react';

/** A command or a setting to copy. */
export function CopyCommand({ text, label = 'Command' }: { text: string; label?: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
  };
  return (
    <div className="cmd">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways has to be reachable by keyboard */}
      <section className="cmd-t" tabIndex={0} aria-label={label}>
        <code>{text}</code>
      </section>
      {navigator.clipboard && (
        <button className="btn quiet" type="button" onClick={copy}>
          <span aria-live="polite">{copied ? 'Copied' : 'Copy'}</span>
        </button>
      )}
    </div>
  );
}
