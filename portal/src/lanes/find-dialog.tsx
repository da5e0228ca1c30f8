import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useDeferredValue, useId, useMemo, useState } from 'react';
import { apiQuery } from '@/api/queries';
import { Dialog } from '@/ui/dialog';
import { KindIcon } from '@/ui/icon';
import { Name } from '@/ui/name';
import { nouns } from './nouns';
import { inOrder, type Picture } from './picture';

const MOST_DRAWN = 8;
const MOST_FOUND = 12;

interface FindProps {
  readonly picture: Picture;
  readonly open: boolean;
  readonly onClose: () => void;
  /** Called with a URI that may be inside a fold. */
  readonly onChoose: (uri: string) => void;
}

interface Found {
  readonly uri: string;
  readonly kind: string;
  readonly name: string;
  /** It is a mark of its own already. */
  readonly drawn: boolean;
}

/** Finds an asset of the picture by its name, inside folds too: the folds around it open. */
export function FindDialog({ picture, open, onClose, onChoose }: FindProps) {
  return (
    <Dialog title="Find in this picture" open={open} onClose={onClose}>
      <FindForm
        picture={picture}
        onChoose={(uri) => {
          onClose();
          onChoose(uri);
        }}
      />
    </Dialog>
  );
}

function FindForm({ picture, onChoose }: Pick<FindProps, 'picture' | 'onChoose'>) {
  const [typed, setTyped] = useState('');
  const id = useId();
  const found = useFound(picture, useDeferredValue(typed.trim()));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (found[0]) onChoose(found[0].uri);
  };
  return (
    <form className="find" onSubmit={submit}>
      <div className="field">
        <label htmlFor={id}>Name of an asset, or a part of it</label>
        <input id={id} type="search" autoComplete="off" value={typed} onChange={(event) => setTyped(event.target.value)} />
      </div>
      <p className="t2" role="status">
        {typed.trim() && found.length === 0 && 'No asset is found by this name.'}
      </p>
      <ul className="rows">
        {found.map((each) => (
          <li key={each.uri}>
            <FoundButton found={each} onChoose={onChoose} />
          </li>
        ))}
      </ul>
    </form>
  );
}

function FoundButton({ found: { uri, kind, name, drawn }, onChoose }: { found: Found; onChoose: (uri: string) => void }) {
  const what = `${nouns(kind, 1)}${drawn ? '' : ', in a fold if it is in this picture'}`;
  return (
    <button className="btn quiet found" type="button" aria-label={`${name} ${what}`} onClick={() => onChoose(uri)}>
      <KindIcon kind={kind} /> <Name text={name} /> <span className="t3">{what}</span>
    </button>
  );
}

/** Marks with the text in their names, then hits of the search that are no marks. */
function useFound(picture: Picture, text: string): Found[] {
  const folded = picture.scene.folds > 0;
  const { data } = useQuery({
    ...apiQuery('/api/v1/search', { q: text, prefix: true, limit: MOST_FOUND } as never),
    enabled: folded && text !== '',
  });
  return useMemo(() => {
    if (text === '') return [];
    const drawn = drawnWith(picture, text.toLowerCase());
    const known = new Set(drawn.map((each) => each.uri));
    const hits = folded ? ((data as { hits?: readonly Omit<Found, 'drawn'>[] } | undefined)?.hits ?? []) : [];
    return [...drawn, ...hits.filter((hit) => !known.has(hit.uri)).map((hit) => ({ ...hit, drawn: false }))].slice(0, MOST_FOUND);
  }, [picture, text, data, folded]);
}

function drawnWith(picture: Picture, text: string): Found[] {
  const found: Found[] = [];
  for (const { mark } of inOrder(picture)) {
    if (!mark.asset?.name.toLowerCase().includes(text)) continue;
    found.push({ uri: mark.asset.uri, kind: mark.asset.kind, name: mark.asset.name, drawn: true });
    if (found.length === MOST_DRAWN) break;
  }
  return found;
}
