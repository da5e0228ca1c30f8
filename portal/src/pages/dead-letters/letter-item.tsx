import type { DeadLetter } from '@/api/generated';
import { counted, formatCount } from '@/ui/format';
import { Time } from '@/ui/time';
import { payloadOf } from './payload';

interface LetterItemProps {
  readonly letter: DeadLetter;
  /** Id of the letter that is being processed again. */
  readonly running: number | null;
  readonly onReplay: (id: number) => void;
}

/** One letter: reason first, where it came from, and its input as text. */
export function LetterItem({ letter, running, onReplay }: LetterItemProps) {
  const { id, source, format, received_at, attempts, error, pointer } = letter;
  return (
    <li>
      <div className="letter-h">
        <div>
          <h2 dir="auto">{error}</h2>
          <p className="t2">
            No. {id}, <bdi>{format}</bdi>
            {source && (
              <>
                , from <bdi>{source}</bdi>
              </>
            )}
            , received <Time at={received_at} ago />, {counted(attempts, 'attempt')}
            {pointer && (
              <>
                , at <code>{pointer}</code>
              </>
            )}
          </p>
        </div>
        <button className="btn" type="button" disabled={running !== null} onClick={() => onReplay(id)}>
          {running === id ? 'Replaying' : 'Replay'} <span className="vh">dead letter {id}</span>
        </button>
      </div>
      <details>
        <summary>Input</summary>
        <Input event={letter.event} />
      </details>
    </li>
  );
}

function Input({ event }: { event: unknown }) {
  const { text, left } = payloadOf(event);
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways has to be reachable by keyboard */}
      <pre className="payload" tabIndex={0}>
        <code dir="auto">{text}</code>
      </pre>
      {left > 0 && <p className="t2">{formatCount(left)} more characters are in the answer as JSON.</p>}
    </>
  );
}
