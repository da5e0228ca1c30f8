import type { ChangedEnd } from '@/api/generated';
import { AssetName } from '@/ui/asset-name';
import { nameOfUri } from '@/ui/format';
import { KindIcon } from '@/ui/icon';
import { Time } from '@/ui/time';
import { type ChangeSummary, columnChanges, otherFields, predicate } from './change-summary';

const MOST = 4;
const LATE_MS = 3_600_000;

/** One change as a sentence, with what it consists of below. */
export function ChangeItem({ summary }: { summary: ChangeSummary }) {
  const { asset, recordedAt, validFrom } = summary;
  const isLate = Date.parse(recordedAt) - Date.parse(validFrom) > LATE_MS;
  return (
    <li className="item">
      <KindIcon kind={asset.kind} />
      <div>
        <p className="b">
          <AssetName uri={asset.uri} kind={asset.kind} name={asset.name} icon={false} /> {predicate(summary)}
        </p>
        <Details summary={summary} />
      </div>
      <div className="item-r">
        <Time at={recordedAt} />
        {isLate && (
          <span className="xs t3">
            in effect since <Time at={validFrom} />
          </span>
        )}
        {asset.team && <bdi className="xs t3">{nameOfUri(asset.team)}</bdi>}
      </div>
    </li>
  );
}

function Details({ summary: { own, edges } }: { summary: ChangeSummary }) {
  const columns = own?.change === 'altered' ? columnChanges(own) : [];
  const fields = own?.change === 'altered' ? otherFields(own) : [];
  return (
    <div className="t2">
      {columns.length > 0 && (
        <p>
          {columns.slice(0, MOST).map(({ column, what }, index) => (
            <span key={column}>
              {index > 0 && ', '}
              <code>{column}</code> {what}
            </span>
          ))}
          {columns.length > MOST && `, and ${columns.length - MOST} more`}.
        </p>
      )}
      {fields.length > 0 && <p dir="auto">Altered: {listed(fields)}.</p>}
      {edges.map((edge) => (
        <p key={edge.words}>
          {edge.words} <Targets targets={edge.targets} />.
        </p>
      ))}
    </div>
  );
}

function Targets({ targets }: { targets: readonly ChangedEnd[] }) {
  return (
    <>
      {targets.slice(0, MOST).map((target, index) => (
        <span key={target.uri}>
          {index > 0 && ', '}
          <AssetName uri={target.uri} kind={target.kind} name={target.name} icon={false} />
        </span>
      ))}
      {targets.length > MOST && ` and ${targets.length - MOST} more`}
    </>
  );
}

const listed = (names: readonly string[]): string =>
  names.length > MOST ? `${names.slice(0, MOST).join(', ')} and ${names.length - MOST} more` : names.join(', ');
