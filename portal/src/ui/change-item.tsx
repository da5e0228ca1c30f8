import { Fragment, type ReactElement, useState } from 'react';
import { AssetName } from './asset-name';
import { type ChangeSummary, columnChanges, otherFields, predicate } from './change-summary';
import { counted, formatCount, nameOfUri } from './format';
import { KindIcon } from './icon';
import { Time } from './time';

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
        <p className="b links">
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
  const altered = own?.change === 'altered' ? own : null;
  const columns = altered ? columnChanges(altered) : [];
  const fields = altered ? otherFields(altered) : [];
  const unlisted = altered ? altered.fields_total - altered.fields.length : 0;
  return (
    <div className="t2">
      {columns.length > 0 && (
        <p>
          <Listed
            parts={columns.map(({ column, what }) => (
              <span key={column}>
                <code>{column}</code> {what}
              </span>
            ))}
          />
          .
        </p>
      )}
      {fields.length > 0 && (
        <p dir="auto">
          Altered: <Listed parts={fields.map((field) => <bdi key={field}>{field}</bdi>)} />.
        </p>
      )}
      {unlisted > 0 && <p>{counted(unlisted, 'more field')} changed, which the server does not list.</p>}
      {edges.map((edge) => (
        <p key={edge.words} className="links">
          {edge.words}{' '}
          <Listed
            parts={edge.targets.map((target) => (
              <AssetName key={target.uri} uri={target.uri} kind={target.kind} name={target.name} icon={false} />
            ))}
          />
          .
        </p>
      ))}
    </div>
  );
}

/** A few parts in a row; a button shows the others. */
function Listed({ parts }: { parts: readonly ReactElement[] }) {
  const [all, setAll] = useState(false);
  const shown = all ? parts : parts.slice(0, MOST);
  const rest = parts.length - shown.length;
  return (
    <>
      {shown.map((part, index) => (
        <Fragment key={part.key}>
          {index > 0 && ', '}
          {part}
        </Fragment>
      ))}
      {rest > 0 && (
        <>
          {' and '}
          <button className="inline-more" type="button" onClick={() => setAll(true)}>
            {formatCount(rest)} more
          </button>
        </>
      )}
    </>
  );
}
