import { useQuery } from '@tanstack/react-query';
import { apiQuery } from '@/api/queries';
import { AssetName } from './asset-name';
import { kindWord } from './format';

const SHOWN = 5;
const MAX_NAME = 500;

/** Assets of the same kind that search finds by the name, then what resolves to it or is spelled much like it. */
export function NearestAssets({ name, kind }: { name: string; kind: string | undefined }) {
  const short = name.slice(-MAX_NAME);
  const found = useQuery({
    ...apiQuery('/api/v1/search', { q: short, kind: kind ? [kind] : undefined, limit: SHOWN }),
    retry: false,
  });
  const named = useQuery(apiQuery('/api/v1/resolve', { name: short }));
  if (!named.data || found.isPending) return null;
  const all = [...(found.data?.hits ?? []), ...named.data.matches, ...named.data.nearest];
  const near = [...new Map(all.map((each) => [each.uri, each])).values()].slice(0, SHOWN);
  if (near.length === 0) return <p className="t2">No name is close to it.</p>;
  return (
    <section aria-labelledby="h-near">
      <div className="sec-h">
        <h2 id="h-near">Close to it</h2>
      </div>
      <ul className="rows">
        {near.map((each) => (
          <li key={each.uri}>
            <AssetName uri={each.uri} kind={each.kind} name={each.name} /> <span className="t3">{kindWord(each.kind)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
