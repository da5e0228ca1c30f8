import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useId, useState } from 'react';
import type { Search } from '@/api/generated';
import { useWatermark } from '@/api/watermark';
import { PageLink } from '@/app/page-link';
import { counted, formatCount, kindWord } from '@/ui/format';

/** The question, and where to begin: names and kinds that this graph has. */
export function Hero({ found }: { found: Search }) {
  const [typed, setTyped] = useState('');
  const navigate = useNavigate();
  const field = useId();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void navigate({ to: '/search' as string, search: { q: typed.trim() || undefined } as never });
  };
  return (
    <search className="hero">
      <form action="/search" onSubmit={submit}>
        <label className="b" htmlFor={field}>
          What are you looking for?
        </label>
        <div className="hero-i">
          <input
            id={field}
            name="q"
            type="search"
            dir="auto"
            autoComplete="off"
            placeholder="A name, a column, an owner, or a few words about it"
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
          <button className="btn pri" type="submit">
            Search
          </button>
        </div>
      </form>
      <Suggestions found={found} />
    </search>
  );
}

function Suggestions({ found }: { found: Search }) {
  const { state } = useWatermark();
  const [first, second] = found.hits;
  const kinds = Object.entries(found.facets.kind ?? {}).sort(([, a], [, b]) => b - a);
  const model = kinds.find(([kind]) => kind === 'model') ?? kinds[0];
  return (
    <p className="why inline">
      Try{' '}
      {[first, second].map(
        (hit) =>
          hit && (
            <span key={hit.uri}>
              <PageLink page="/search" search={{ q: hit.name }}>
                <bdi>{hit.name}</bdi>
              </PageLink>
              ,{' '}
            </span>
          ),
      )}
      {model && (
        <>
          or{' '}
          <PageLink page="/search" search={{ kind: [model[0]] }}>
            {counted(model[1], kindWord(model[0]))}
          </PageLink>
          .{' '}
        </>
      )}
      <PageLink page="/search">{formatCount(found.total)} assets</PageLink>
      {state === 'current' && ', all caught up'}.
    </p>
  );
}
