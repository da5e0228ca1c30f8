import { Dialog } from '@/ui/dialog';
import { Time } from '@/ui/time';
import { fieldWords } from './annotation';
import { type Outcome, useEditor } from './editing';
import { valueText } from './whose';
import { type DiffPart, wordDiff } from './word-diff';

type ConflictOutcome = Extract<Outcome, { is: 'conflict' }>;

/** Both values of a field that two people wrote at once, and the choice between them. */
export function Conflict({ conflict }: { conflict: ConflictOutcome }) {
  const { save, dismiss, keepTheirs } = useEditor();
  const { field, change, theirs } = conflict;
  const [mineText, theirText] = [valueText(change[field]), valueText(theirs[field])];
  const parts = wordDiff(theirText, mineText);
  const known = theirs.fields[field];
  return (
    <Dialog title={`${fieldWords(field)} changed meanwhile`} open onClose={dismiss} className="conflict">
      <p className="t2">
        <bdi>{known?.actor ?? 'Somebody'}</bdi> wrote another one
        {known && (
          <>
            , <Time at={known.at} />
          </>
        )}
        . Nothing of yours was written yet.
      </p>
      <div className="both">
        <Side title="Theirs, on the server" parts={parts} leaves="added" />
        <Side title="Yours" parts={parts} leaves="removed" />
      </div>
      <div className="acts">
        <button className="btn pri" type="button" onClick={() => void save(change, theirs)}>
          Write mine
        </button>
        <button className="btn" type="button" onClick={() => keepTheirs(field)}>
          Keep theirs
        </button>
        <button className="btn quiet" type="button" onClick={dismiss}>
          Edit on
        </button>
      </div>
    </Dialog>
  );
}

interface SideProps {
  readonly title: string;
  readonly parts: readonly DiffPart[];
  readonly leaves: DiffPart['kind'];
}

function Side({ title, parts, leaves }: SideProps) {
  return (
    <section>
      <h3>{title}</h3>
      <p className="text" dir="auto">
        {parts
          .filter((part) => part.kind !== leaves)
          .map((part, place) =>
            part.kind === 'same' ? (
              // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text have no other identity
              <span key={place}>{part.text}</span>
            ) : (
              // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text have no other identity
              <mark key={place}>{part.text}</mark>
            ),
          )}
      </p>
    </section>
  );
}
