import type { CallerSession } from '@/api/generated';

/** What this browser may do, in sentences. */
export function rightsOf(session: CallerSession): readonly string[] {
  if (session.by === null) return ['It may do what the server allows without a token.'];
  return [
    session.writes_curation ? 'It may write descriptions, owners and tags.' : 'It may read; it may not write curation.',
    ...(session.admin ? ['It may administer the server: sources, backups and reserved origins.'] : []),
    ...(session.source === null ? [] : [`Facts that it sends are of the source ${session.source}.`]),
    ...(session.environment === null ? [] : [`What it sends is of the environment ${session.environment}.`]),
  ];
}
