import { useQueryClient } from '@tanstack/react-query';
import { createContext, use, useState } from 'react';
import { get, send } from '@/api/client';
import type { AnnotatedAsset, Asset } from '@/api/generated';
import { type ApiError, asApiError } from '@/api/problem';
import { type Annotation, type Field, fieldOf, undoOf } from './annotation';

/** What became of the last change. */
export type Outcome =
  | { readonly is: 'none' }
  | { readonly is: 'saved'; readonly field: Field; readonly undo: readonly Annotation[]; readonly etag: string }
  | { readonly is: 'unchanged'; readonly field: Field }
  | { readonly is: 'undone'; readonly field: Field }
  /** After a conflict the other's value was kept. */
  | { readonly is: 'theirs'; readonly field: Field }
  /** Somebody else changed the same field meanwhile; nothing was written. */
  | { readonly is: 'conflict'; readonly field: Field; readonly change: Annotation; readonly theirs: Asset }
  | { readonly is: 'failed'; readonly field: Field; readonly error: ApiError };

export interface Editing {
  /** False in the past: what people write is written now. */
  readonly enabled: boolean;
  readonly outcome: Outcome;
  /** Writes a change of the field that was read in `base`. Resolves to whether it was written. */
  readonly save: (change: Annotation, base: Asset) => Promise<boolean>;
  readonly undo: () => Promise<void>;
  readonly dismiss: () => void;
  readonly keepTheirs: (field: Field) => void;
}

const STALE = 412;
const MAX_TRIES = 5;

/** Changes of one asset: each is based on what was read, can be undone, and meets a simultaneous change of the same field. */
export function useEditing(asset: Asset, queryKey: readonly unknown[], past: boolean): Editing {
  const client = useQueryClient();
  const [outcome, setOutcome] = useState<Outcome>({ is: 'none' });
  const patch = async (change: Annotation, etag: string): Promise<AnnotatedAsset> => {
    const query = { uri: asset.uri };
    const answer = await send<AnnotatedAsset>({ method: 'PATCH', path: '/api/v1/asset', query, body: change, etag: `"${etag}"` });
    client.setQueryData(queryKey, answer);
    return answer;
  };
  const read = async (): Promise<Asset> => {
    const latest = await get('/api/v1/asset', { uri: asset.uri });
    client.setQueryData(queryKey, latest);
    return latest;
  };
  const save = async (change: Annotation, base: Asset): Promise<boolean> => {
    const field = fieldOf(change) ?? 'description';
    try {
      const written = await writtenOn(change, base, field, patch, read);
      setOutcome(written);
      return written.is !== 'conflict';
    } catch (error) {
      setOutcome({ is: 'failed', field, error: asApiError(error) });
      return false;
    }
  };
  const undo = async (): Promise<void> => {
    if (outcome.is !== 'saved') return;
    try {
      let { etag } = outcome;
      for (const step of outcome.undo) etag = (await patch(step, etag)).etag;
      setOutcome({ is: 'undone', field: outcome.field });
    } catch (error) {
      setOutcome({ is: 'failed', field: outcome.field, error: asApiError(error) });
      await read();
    }
  };
  return {
    enabled: !past,
    outcome,
    save,
    undo,
    dismiss: () => setOutcome({ is: 'none' }),
    keepTheirs: (field) => setOutcome({ is: 'theirs', field }),
  };
}

/**
 * Writes on top of the latest state as long as the field itself is as it was read: simultaneous changes of different fields,
 * and of different tags or links, all survive.
 */
async function writtenOn(
  change: Annotation,
  base: Asset,
  field: Field,
  patch: (change: Annotation, etag: string) => Promise<AnnotatedAsset>,
  read: () => Promise<Asset>,
): Promise<Outcome> {
  let before = base;
  for (let tries = 1; ; tries += 1) {
    try {
      const answer = await patch(change, before.etag);
      if (answer.changed.length === 0) return { is: 'unchanged', field };
      return { is: 'saved', field, undo: undoOf(field, before), etag: answer.etag };
    } catch (error) {
      if (asApiError(error).status !== STALE || tries === MAX_TRIES) throw error;
      before = await read();
      if (!canUnite(field, base, before)) return { is: 'conflict', field, change, theirs: before };
    }
  }
}

function canUnite(field: Field, base: Asset, latest: Asset): boolean {
  return field === 'tags' || field === 'links' || JSON.stringify(base[field]) === JSON.stringify(latest[field]);
}

const OFF: Editing = {
  enabled: false,
  outcome: { is: 'none' },
  save: async () => false,
  undo: async () => undefined,
  dismiss: () => undefined,
  keepTheirs: () => undefined,
};

export const EditingContext = createContext<Editing>(OFF);

export const useEditor = (): Editing => use(EditingContext);
