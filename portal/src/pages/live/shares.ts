import type { LiveDeployment, LiveService } from '@/api/generated';
import { counted } from '@/ui/format';

/** A version that serves, or a deployment without one (`version` null), with its share of the requests from 0 to 1. */
export interface Serving {
  readonly deployment: string;
  readonly version: { readonly uri: string; readonly name: string } | null;
  /** Null where the weights of the deployments do not say it. */
  readonly share: number | null;
  readonly since: string | null;
}

export type Health = 'failing' | 'ok' | 'unknown';

const FAILING = new Set(['degraded', 'failing', 'unhealthy', 'down', 'critical', 'error']);
const HEALTHY = new Set(['ok', 'healthy', 'up', 'passing']);

/** What serves a service, the largest share first. Of several deployments without a weight no share is known. */
export function servings(service: LiveService): Serving[] {
  const shares = sharesOf(service.deployments);
  return service.deployments
    .flatMap((deployment, place) => servingsOf(deployment, shares[place] ?? null))
    .sort((a, b) => (b.share ?? -1) - (a.share ?? -1));
}

function servingsOf(deployment: LiveDeployment, share: number | null): Serving[] {
  const { uri, versions, since } = deployment;
  if (versions.length === 0) return [{ deployment: uri, version: null, share, since }];
  // The weight is that of the deployment: how several versions divide it, nothing says.
  const each = versions.length === 1 ? share : null;
  return versions.map((version) => ({ deployment: uri, version, share: each, since: version.since ?? since }));
}

function sharesOf(deployments: readonly LiveDeployment[]): (number | null)[] {
  if (deployments.length === 1) return deployments[0]?.weight === 0 ? [0] : [1];
  const weights = deployments.map((each) => each.weight);
  const total = weights.reduce<number>((sum, weight) => sum + (weight ?? 0), 0);
  if (total <= 0 || weights.includes(null)) return weights.map(() => null);
  return weights.map((weight) => (weight ?? 0) / total);
}

/** The worst health among the deployments, with the word that was reported for it. */
export function healthOf(service: LiveService): { health: Health; word: string } {
  const words = service.deployments.map((each) => each.health ?? 'unknown');
  const failing = words.find((word) => FAILING.has(word.toLowerCase()));
  if (failing) return { health: 'failing', word: failing };
  const unsure = words.find((word) => !HEALTHY.has(word.toLowerCase()));
  if (unsure || words.length === 0) return { health: 'unknown', word: unsure ?? 'nothing serves it' };
  return { health: 'ok', word: words[0] ?? 'ok' };
}

/** When the first of the deployments that serve now began. */
export function servedSince(service: LiveService): string | null {
  const times = service.deployments.flatMap((each) => (each.since ? [each.since] : []));
  return times.sort((a, b) => Date.parse(a) - Date.parse(b))[0] ?? null;
}

/** `8 services, 9 deployments, 9 versions. 1 is failing.` */
export function summaryOf(services: readonly LiveService[]): string {
  const deployments = services.reduce((sum, each) => sum + each.deployments.length, 0);
  const versions = new Set(
    services.flatMap((each) => each.deployments.flatMap((one) => one.versions.map((version) => version.uri))),
  );
  const failing = services.filter((each) => healthOf(each).health === 'failing').length;
  const counts = [counted(services.length, 'service'), counted(deployments, 'deployment'), counted(versions.size, 'version')];
  return `${counts.join(', ')}. ${failing === 0 ? 'None is reported as failing.' : `${counted(failing, 'service')} failing.`}`;
}
