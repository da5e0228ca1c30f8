import type { Asset, Source } from '@/api/generated';
import { uriParts } from '@/ui/format';

/** A page about the asset in the tool that reported it. */
export interface ToolLink {
  readonly label: string;
  readonly href: string;
}

/** Only these may be followed: an address from a source is untrusted. */
export const isWebAddress = (text: unknown): text is string => typeof text === 'string' && /^https?:\/\/[^\s]+$/i.test(text);

/** Links back to the tools: the page in MLflow, and the place of the code. */
export function toolLinks(asset: Pick<Asset, 'uri' | 'kind' | 'properties'>, sources: readonly Source[]): ToolLink[] {
  return [...mlflowLink(asset, sources), ...codeLink(asset.properties)];
}

function mlflowLink(asset: Pick<Asset, 'uri' | 'kind' | 'properties'>, sources: readonly Source[]): ToolLink[] {
  const parts = uriParts(asset.uri);
  const instance = parts?.namespace.match(/^mlflow:(.+)$/)?.[1];
  const source = sources.find((each) => each.kind === 'mlflow' && each.name === instance);
  const place = parts && placeInMlflow(asset.kind, parts.name, asset.properties);
  if (!source || !place || !isWebAddress(source.url)) return [];
  return [{ label: 'open in MLflow', href: `${source.url.replace(/\/+$/, '')}/#/${place}` }];
}

function placeInMlflow(kind: string, name: string, properties: Asset['properties']): string | null {
  const experiment = properties.experiment_id;
  const encoded = encodeURIComponent;
  switch (kind) {
    case 'model':
      return `models/${encoded(name)}`;
    case 'model_version': {
      const split = name.lastIndexOf('/');
      return split > 0 ? `models/${encoded(name.slice(0, split))}/versions/${encoded(name.slice(split + 1))}` : null;
    }
    case 'run':
      return typeof experiment === 'string' ? `experiments/${encoded(experiment)}/runs/${encoded(name)}` : null;
    case 'workflow':
      return typeof experiment === 'string' ? `experiments/${encoded(experiment)}` : null;
    default:
      return null;
  }
}

function codeLink(properties: Asset['properties']): ToolLink[] {
  const location = properties.source_code_location;
  if (typeof location !== 'object' || location === null) return [];
  const { url, repoUrl } = location as { url?: unknown; repoUrl?: unknown };
  const href = [url, repoUrl].find(isWebAddress);
  return href === undefined ? [] : [{ label: 'open the code', href }];
}
