import type { Asset, Moment } from '@/api/generated';
import { AssetName } from '@/ui/asset-name';
import { Empty } from '@/ui/empty';
import { Time } from '@/ui/time';
import { FIELDS } from './annotation';
import { valueText } from './whose';

/** Who reported the asset: what each origin says at this moment, its other names, and the state as it is stored. */
export function SourcesSection({ asset }: { asset: Asset }) {
  const current = statesAt(asset);
  return (
    <section id="sources" aria-labelledby="h-sources">
      <div className="sec-h">
        <h2 id="h-sources">Sources</h2>
        <span className="t3">what each origin says, and whose value counts</span>
      </div>
      {current.length === 0 && <Empty>No source has described it.</Empty>}
      <ul className="rows">
        {current.map((moment) => (
          <li key={moment.origin}>
            <h3>
              <bdi>{moment.origin}</bdi>
            </h3>
            <p className="why">
              since <Time at={moment.valid_from} />, recorded <Time at={moment.recorded_at} /> by <bdi>{moment.actor}</bdi>
            </p>
            <dl className="facts">
              {FIELDS.map((field) => (
                <Claim key={field} asset={asset} origin={moment.origin} field={field} />
              ))}
            </dl>
            <details>
              <summary>
                state as reported<span className="vh"> by {moment.origin}</span>
              </summary>
              {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard */}
              <pre className="raw" dir="ltr" tabIndex={0}>
                {JSON.stringify(moment.state, null, 2)}
              </pre>
            </details>
          </li>
        ))}
      </ul>
      {asset.names.length > 0 && <OtherNames asset={asset} />}
    </section>
  );
}

/** The state of each origin that is valid at the moment of the answer. */
function statesAt(asset: Asset): Moment[] {
  const at = Date.parse(asset.as_of);
  return asset.history.filter(
    (moment) => Date.parse(moment.valid_from) <= at && (moment.valid_to === null || at < Date.parse(moment.valid_to)),
  );
}

function Claim({ asset, origin, field }: { asset: Asset; origin: string; field: (typeof FIELDS)[number] }) {
  const known = asset.fields[field];
  if (known === undefined) return null;
  const decides = known.origin === origin;
  const claim = decides ? known : known.others.find((each) => each.origin === origin);
  if (claim === undefined) return null;
  return (
    <>
      <dt>{field}</dt>
      <dd>
        <bdi className="wrap">{valueText(claim.value)}</bdi>{' '}
        <span className="t3">{decides ? 'counts' : 'another one counts'}</span>
      </dd>
    </>
  );
}

function OtherNames({ asset }: { asset: Asset }) {
  return (
    <>
      <h3>Other names</h3>
      <ul className="rows">
        {asset.names.map((each) => (
          <li key={`${each.name} ${each.valid_from}`}>
            <AssetName uri={each.name} link={false} />{' '}
            <span className="id" dir="ltr">
              {each.name}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
