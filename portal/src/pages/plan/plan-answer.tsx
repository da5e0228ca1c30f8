import type { OwnerToTalkTo, Similar } from '@/api/generated';
import { AssetName } from '@/ui/asset-name';
import { Empty } from '@/ui/empty';
import { counted, nameOfUri } from '@/ui/format';
import { Name } from '@/ui/name';
import { SimilarHit } from '@/ui/similar-hit';

/** What is like the plan, best first, and whom to talk to before building. */
export function PlanAnswer({ found }: { found: Similar }) {
  if (found.nothing_like_it) {
    return <Empty>Every asset with a word or a meaning in common was compared{passages(found)}.</Empty>;
  }
  return (
    <div className="col-2 plan">
      <section aria-labelledby="h-like">
        <div className="sec-h">
          <h2 id="h-like">What exists</h2>
          <span className="t3">contributions add up to the score</span>
        </div>
        <ul className="rows">
          {found.hits.map((hit) => (
            <SimilarHit key={hit.uri} hit={hit} />
          ))}
        </ul>
        {found.total > found.hits.length && (
          <p className="why">{counted(found.total - found.hits.length, 'weaker hit')} not listed.</p>
        )}
      </section>
      <aside aria-label="Whom to talk to">
        <h2>Talk to</h2>
        {found.talk_to.length === 0 ? (
          <Empty>Nobody owns what is like it.</Empty>
        ) : (
          found.talk_to.map((each) => <Owner key={each.owner} owner={each} />)
        )}
      </aside>
    </div>
  );
}

const passages = (found: Similar): string =>
  found.passages !== null && found.passages > 1 ? `, in ${found.passages} passages` : '';

function Owner({ owner }: { owner: OwnerToTalkTo }) {
  return (
    <div className="talk">
      <h3>
        <AssetName uri={owner.owner} name={owner.name} />
      </h3>
      <ul>
        {owner.assets.map((uri) => (
          <li key={uri} className="t2">
            <Name text={nameOfUri(uri)} />
          </li>
        ))}
      </ul>
    </div>
  );
}
