import type { Asset } from '@/api/generated';
import { AssetName } from '@/ui/asset-name';
import { Empty } from '@/ui/empty';
import { formatCount, formatDifference } from '@/ui/format';
import { type Column, Table } from '@/ui/table';
import { Time } from '@/ui/time';
import { ModelVersions, VersionOfModel } from './model-versions';
import { TabLink } from './sections';
import { type DatasetVersion, datasetVersions } from './versions';

const SHORT = 5;

const NOTES: Readonly<Record<string, string>> = {
  dataset: 'states with a number of rows, and what was trained then',
  model: 'newest first',
  model_version: 'beside the version before it',
};

export const hasVersions = (asset: Asset): boolean =>
  asset.kind === 'model' || asset.kind === 'model_version' || (asset.kind === 'dataset' && datasetVersions(asset).length > 0);

/** Versions with what was measured of them (models), or with what training read (datasets). */
export function VersionsSection({ asset, short }: { asset: Asset; short: boolean }) {
  return (
    <section id="versions" aria-labelledby="h-versions">
      <div className="sec-h">
        <h2 id="h-versions">{asset.kind === 'model_version' ? 'Measured' : 'Versions'}</h2>
        <span className="t3">{NOTES[asset.kind]}</span>
      </div>
      {asset.kind === 'model' && <ModelVersions model={asset} short={short} />}
      {asset.kind === 'model_version' && <VersionOfModel version={asset} short={short} />}
      {asset.kind === 'dataset' && <DatasetVersions asset={asset} short={short} />}
    </section>
  );
}

const COLUMNS: readonly Column<DatasetVersion>[] = [
  { title: 'Seen', cell: (version) => <Time at={version.seen} /> },
  { title: 'Rows', numeric: true, cell: (version) => (version.rows === null ? '' : formatCount(version.rows)) },
  {
    title: 'Trained then',
    cell: (version) =>
      version.trained.length === 0 ? (
        <span className="t3">nothing</span>
      ) : (
        version.trained.map((each) => <AssetName key={each.source} uri={each.source} name={each.name} icon={false} />)
      ),
  },
  { title: 'Since the one before', cell: (version) => <bdi className="t2">{since(version)}</bdi> },
];

function since({ rowsMore, columns }: DatasetVersion): string {
  if (columns === '') return 'the first';
  const rows = rowsMore === null ? '' : rowsMore === 0 ? 'as many rows' : `${formatDifference(rowsMore)} rows`;
  return [rows, columns].filter(Boolean).join(', ');
}

function DatasetVersions({ asset, short }: { asset: Asset; short: boolean }) {
  const versions = datasetVersions(asset);
  const shown = short ? versions.slice(0, SHORT) : versions;
  const rest = versions.length - shown.length;
  if (versions.length === 0) return <Empty>No source has reported its number of rows.</Empty>;
  return (
    <>
      <Table caption="Table of versions" columns={COLUMNS} rows={shown} rowKey={(version) => version.seen} />
      {rest > 0 && (
        <p className="why">
          <TabLink tab="versions">{formatCount(rest)} earlier versions</TabLink>
        </p>
      )}
    </>
  );
}
