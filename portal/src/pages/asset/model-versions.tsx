import { useQueries, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Asset } from '@/api/generated';
import { apiQuery } from '@/api/queries';
import { AssetName } from '@/ui/asset-name';
import { Empty } from '@/ui/empty';
import { counted, formatCount, formatDifference } from '@/ui/format';
import { type Column, Table } from '@/ui/table';
import { Time } from '@/ui/time';
import { useShownMoment } from './moment';
import { type ModelVersion, metricsOf, modelVersions, parametersOf } from './versions';

const SHORT = 3;
const PAGE = 10;
const MAX_METRICS = 6;
const DIGITS = 4;

interface Measured extends ModelVersion {
  readonly asset: Asset | undefined;
}

/** The versions of a model, each with its metrics, which are in the answer about the version. */
export function ModelVersions({ model, short }: { model: Asset; short: boolean }) {
  const versions = modelVersions(model.relations);
  const [listed, setListed] = useState(PAGE);
  const shown = versions.slice(0, short ? SHORT : listed);
  const measured = useMeasured(shown);
  const rest = versions.length - shown.length;
  if (versions.length === 0) return <Empty>No version of it is known.</Empty>;
  return (
    <>
      <Table caption="Table of versions" columns={columnsFor(measured)} rows={measured} rowKey={(version) => version.uri} />
      {rest > 0 && !short && (
        <button className="btn quiet" type="button" onClick={() => setListed(listed + PAGE)}>
          {counted(rest, 'earlier version')}
        </button>
      )}
      {rest > 0 && short && <p className="why">{counted(rest, 'earlier version')} under Versions.</p>}
    </>
  );
}

function useMeasured(versions: readonly ModelVersion[]): Measured[] {
  const as_of = useShownMoment();
  const answers = useQueries({ queries: versions.map(({ uri }) => apiQuery('/api/v1/asset', { uri, as_of })) });
  return versions.map((version, place) => ({ ...version, asset: answers[place]?.data }));
}

function columnsFor(versions: readonly Measured[]): Column<Measured>[] {
  const metrics = [...new Set(versions.flatMap((version) => [...metricsOf(version.asset?.properties ?? {}).keys()]))].sort();
  return [
    { title: 'Version', cell: (version) => <AssetName uri={version.uri} name={version.name} icon={false} /> },
    { title: 'Since', cell: (version) => <Time at={version.since} /> },
    { title: 'Alias', cell: (version) => <bdi>{version.aliases.join(', ')}</bdi> },
    { title: 'Runs as', cell: (version) => <Deployments version={version.asset} /> },
    ...metrics.slice(0, MAX_METRICS).map((metric) => ({
      title: metric,
      numeric: true,
      cell: (version: Measured) => metricText(metricsOf(version.asset?.properties ?? {}).get(metric)),
    })),
    ...(metrics.length > MAX_METRICS
      ? [{ title: 'More', numeric: true, cell: () => `${metrics.length - MAX_METRICS} metrics` }]
      : []),
  ];
}

const metricText = (value: number | undefined): string =>
  value === undefined
    ? ''
    : Number.isInteger(value) && Math.abs(value) >= 10
      ? formatCount(value)
      : value.toFixed(DIGITS).replace('-', '\u2212');

function Deployments({ version }: { version: Asset | undefined }) {
  if (version === undefined) return null;
  const deployed = version.relations.filter((each) => each.relation === 'deployed_as' && each.direction === 'out');
  if (deployed.length === 0) return <span className="t3">nothing</span>;
  return deployed.map((each) => <AssetName key={each.target} uri={each.target} name={each.name} icon={false} />);
}

interface MetricRow {
  readonly name: string;
  readonly here: number | undefined;
  readonly there: number | undefined;
}

/** What was measured of one version, beside the version before it, and its parameters. */
export function VersionOfModel({ version, short }: { version: Asset; short: boolean }) {
  const as_of = useShownMoment();
  const modelUri = version.relations.find((each) => each.relation === 'version_of' && each.direction === 'out')?.target;
  const model = useQuery({ ...apiQuery('/api/v1/asset', { uri: modelUri ?? '', as_of }), enabled: modelUri !== undefined });
  const versions = modelVersions(model.data?.relations ?? []);
  const before = versions[versions.findIndex((each) => each.uri === version.uri) + 1];
  const other = useQuery({ ...apiQuery('/api/v1/asset', { uri: before?.uri ?? '', as_of }), enabled: before !== undefined });
  return (
    <>
      <Metrics here={version} there={other.data} thereName={before?.name} />
      <Parameters version={version} />
      {!short && model.data && (
        <>
          <h3>All versions of the model</h3>
          <ModelVersions model={model.data} short={false} />
        </>
      )}
    </>
  );
}

function Metrics({ here, there, thereName }: { here: Asset; there: Asset | undefined; thereName: string | undefined }) {
  const [mine, others] = [metricsOf(here.properties), metricsOf(there?.properties ?? {})];
  const rows = [...new Set([...mine.keys(), ...others.keys()])].map((name) => ({
    name,
    here: mine.get(name),
    there: others.get(name),
  }));
  if (rows.length === 0) return <Empty>No metric of it is known.</Empty>;
  const columns: Column<MetricRow>[] = [
    { title: 'Metric', cell: (row) => <code dir="auto">{row.name}</code> },
    { title: 'This version', numeric: true, cell: (row) => <b className="b">{metricText(row.here)}</b> },
    ...(there && thereName
      ? [
          { title: thereName, numeric: true, cell: (row: MetricRow) => metricText(row.there) },
          { title: 'Difference', numeric: true, cell: differenceText },
        ]
      : []),
  ];
  return <Table caption="Table of metrics" columns={columns} rows={rows} rowKey={(row) => row.name} />;
}

const differenceText = (row: MetricRow): string =>
  row.here === undefined || row.there === undefined ? '' : formatDifference(row.here - row.there, DIGITS);

function Parameters({ version }: { version: Asset }) {
  const parameters = parametersOf(version.properties);
  if (parameters.length === 0) return null;
  return (
    <dl className="facts params">
      {parameters.map(([name, value]) => (
        <Parameter key={name} name={name} value={value} />
      ))}
    </dl>
  );
}

function Parameter({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt>
        <code dir="auto">{name}</code>
      </dt>
      <dd>
        <bdi className="wrap">{value}</bdi>
      </dd>
    </>
  );
}
