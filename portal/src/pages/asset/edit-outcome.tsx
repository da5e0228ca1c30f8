import { useCallback } from 'react';
import { useKey } from '@/app/keys';
import { fieldWords, isPlural } from './annotation';
import { Conflict } from './conflict';
import { type Outcome, useEditor } from './editing';

/** Says at the foot of the page what became of the last change, with its undo; a conflict opens a dialog. */
export function EditOutcome() {
  const { outcome, undo, dismiss } = useEditor();
  const canUndo = outcome.is === 'saved';
  useKey(
    'u',
    'undo the last change',
    useCallback(() => void undo(), [undo]),
    canUndo,
  );
  const text = outcomeText(outcome);
  return (
    <>
      <div className={text ? 'toast' : 'toast-none'} role="status">
        {text && (
          <>
            <bdi>{text}</bdi>
            {canUndo && (
              <button className="btn" type="button" onClick={undo}>
                Undo
              </button>
            )}
            <button className="btn quiet" type="button" onClick={dismiss}>
              Close<span className="vh"> this message</span>
            </button>
          </>
        )}
      </div>
      {outcome.is === 'conflict' && <Conflict conflict={outcome} />}
    </>
  );
}

function outcomeText(outcome: Outcome): string {
  switch (outcome.is) {
    case 'saved':
      return `${fieldWords(outcome.field)} ${isPlural(outcome.field) ? 'are' : 'is'} saved.`;
    case 'undone':
      return `${fieldWords(outcome.field)} ${isPlural(outcome.field) ? 'are' : 'is'} as before.`;
    case 'theirs':
      return `${fieldWords(outcome.field)} of the other ${isPlural(outcome.field) ? 'are' : 'is'} kept.`;
    case 'unchanged':
      return 'That was so before. Nothing was written.';
    case 'failed':
      return outcome.error.status === 412
        ? 'Somebody changed this asset meanwhile. Nothing was written.'
        : `Not saved. ${outcome.error.title}. ${outcome.error.detail}`;
    default:
      return '';
  }
}
