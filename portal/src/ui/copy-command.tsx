import { useState } from 'react';

/** A command or a setting to copy. */
export function CopyCommand({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
  };
  return (
    <div className="cmd">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways has to be reachable by keyboard */}
      <pre className="cmd-t" tabIndex={0}>
        <code>{text}</code>
      </pre>
      {navigator.clipboard && (
        <button className="btn quiet" type="button" onClick={copy}>
          <span aria-live="polite">{copied ? 'Copied' : 'Copy'}</span>
        </button>
      )}
    </div>
  );
}
