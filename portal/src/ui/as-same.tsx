import { useState } from 'react';
import { type Query, queryString } from '@/api/query-string';
import { CopyCommand } from './copy-command';
import { CloseButton, Dialog } from './dialog';
import { shellLine } from './shell-words';

/** The same answer as JSON: `path` under /api/v1, with the API's parameters. */
export function AsJson({ path, query = {} }: { path: string; query?: Query }) {
  return (
    <a className="btn quiet ph" href={`/api/v1${path}${queryString(query)}`}>
      as JSON
    </a>
  );
}

/** The command that prints the same: `words` are its words, `mlgraph` first. */
export function AsCommand({ words }: { words: readonly string[] }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button className="btn quiet ph" type="button" onClick={() => setOpen(true)}>
        as command
      </button>
      <Dialog title="The same as a command" open={open} onClose={() => setOpen(false)}>
        <CopyCommand text={shellLine(words)} />
        <p className="t2">
          It asks the server that MLGRAPH_URL names; <code>--json</code> prints exactly what the page was made from.
        </p>
        <CloseButton />
      </Dialog>
    </>
  );
}
