import type { Search } from '@/api/generated';
import { useWatermark } from '@/api/watermark';
import { PageLink } from '@/app/page-link';
import { Band } from '@/ui/band';
import { CopyCommand } from '@/ui/copy-command';
import { counted, formatCount, kindWord } from '@/ui/format';

/** How the first data comes in, and what has come so far. */
export function FirstSteps({ found }: { found: Search }) {
  return (
    <div className="first">
      {found.total === 0 && (
        <>
          <p className="t2">Send the first data and watch this page fill. Any one of these is enough.</p>
          <Ways />
        </>
      )}
      <Listening found={found} />
    </div>
  );
}

function Ways() {
  return (
    <ol className="ways">
      <li>
        <h2>Read an MLflow server</h2>
        <p className="t2">Models, versions, runs and their data. Nothing is written to it.</p>
        <CopyCommand text="mlgraph connect mlflow http://127.0.0.1:5000" />
      </li>
      <li>
        <h2>Let your jobs send OpenLineage</h2>
        <p className="t2">Point the producer that you already have (Airflow, Spark, dbt, Flink) at this server.</p>
        <CopyCommand text={`export OPENLINEAGE_URL=${location.origin}`} />
      </li>
      <li>
        <h2>Only look around first</h2>
        <p className="t2">
          A small streaming company with real runs and models, on a server of its own. It takes about a minute.
        </p>
        <CopyCommand text={`mlgraph demo --port ${Number(location.port || 8765) + 1}`} />
      </li>
    </ol>
  );
}

function Listening({ found }: { found: Search }) {
  const { watermark } = useWatermark();
  const writes = counted(watermark ?? found.watermark, 'write');
  if (found.total === 0) {
    return (
      <Band tone="acc" head="Listening.">
        {writes}, 0 assets. The first one appears here within a second of its arrival.
      </Band>
    );
  }
  const kinds = Object.entries(found.facets.kind ?? {})
    .sort(([, a], [, b]) => b - a)
    .map(([kind, count]) => counted(count, kindWord(kind)));
  return (
    <Band tone="acc" head={`${formatCount(found.total)} assets so far.`}>
      {kinds.slice(0, 6).join(', ')}. {writes}. <PageLink page="/search">See them all</PageLink>
    </Band>
  );
}
