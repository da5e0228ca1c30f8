import type { SearchHit } from '@/api/generated';
import { PageLink } from '@/app/page-link';
import { AssetName } from '@/ui/asset-name';
import { kindWord, nameOfUri } from '@/ui/format';
import { KindIcon } from '@/ui/icon';
import { matchedPieces } from './matched-text';

/** A hit: what it is, what it is about, and why it matched. */
export function Hit({ hit }: { hit: SearchHit }) {
  const wordsIn = (field: string) => hit.matched.find((each) => each.field === field)?.words ?? [];
  return (
    <li className="item">
      <KindIcon kind={hit.kind} />
      <div>
        <p className="hit-n">
          <PageLink page="/asset" search={{ uri: hit.uri }} className="b">
            <Marked text={hit.name} words={wordsIn('name')} />
          </PageLink>
          <StateTag hit={hit} />
        </p>
        {hit.description && (
          <p className="t2 hit-d">
            <Marked text={hit.description} words={wordsIn('description')} />
          </p>
        )}
        <p className="why">
          <span>
            {kindWord(hit.kind)}
            {hit.team && (
              <>
                {' · '}
                <bdi>{nameOfUri(hit.team)}</bdi>
              </>
            )}
            {hit.platform && ` · ${hit.platform}`}
            {hit.environment && ` · ${hit.environment}`}
          </span>
          <Reasons hit={hit} />
        </p>
      </div>
    </li>
  );
}

function Marked({ text, words }: { text: string; words: readonly string[] }) {
  let at = 0;
  return (
    <bdi dir="auto">
      {matchedPieces(text, words).map((piece) => {
        at += piece.text.length;
        return piece.matched ? <mark key={at}>{piece.text}</mark> : <span key={at}>{piece.text}</span>;
      })}
    </bdi>
  );
}

function StateTag({ hit }: { hit: SearchHit }) {
  if (hit.state === 'live') return null;
  return (
    <>
      {' '}
      <span className={hit.state === 'deleted' ? 'tag bad' : 'tag warn'}>{hit.state}</span>
      {hit.successor && (
        <span className="xs t2">
          {' use '}
          <AssetName uri={hit.successor} icon={false} />
        </span>
      )}
    </>
  );
}

const FIELD_WORDS: Readonly<Record<string, string>> = {
  columns: 'column',
  owners: 'owner',
  tags: 'tag',
  properties: 'its properties',
  uri: 'its URI',
};
/** Fields whose words the reader does not see elsewhere in the hit. */
const SPELT = new Set(['columns', 'owners', 'tags', 'team']);

function Reasons({ hit }: { hit: SearchHit }) {
  if (hit.matched.length === 0) return null;
  return (
    <span>
      matched {hit.matched[0]?.field === 'meaning' ? '' : 'in '}
      {hit.matched.map(({ field, words }, index) => (
        <span key={field}>
          {index > 0 && ', '}
          {field === 'meaning'
            ? `by meaning${words.length ? ': near ' : ''}`
            : (FIELD_WORDS[field] ?? field.replaceAll('_', ' '))}
          {(SPELT.has(field) || field === 'meaning') && words.length > 0 && (
            <>
              {field === 'meaning' ? '' : ' '}
              <code dir="auto">{words.join(', ')}</code>
            </>
          )}
        </span>
      ))}
    </span>
  );
}
