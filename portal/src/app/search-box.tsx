import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { type FormEvent, useCallback, useEffect, useRef, useState } from 'react';
import { Icon } from '@/ui/icon';
import { useKey } from './keys';
import { text } from './params';

const root = getRouteApi('__root__');

/** The search box of the top bar. `/` puts the focus there. */
export function SearchBox() {
  const q = text(root.useSearch() as Record<string, unknown>, 'q') ?? '';
  const [typed, setTyped] = useState(q);
  const input = useRef<HTMLInputElement>(null);
  const navigate = useNavigate();
  useEffect(() => setTyped(q), [q]);
  useKey(
    '/',
    'search',
    useCallback(() => input.current?.select(), []),
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void navigate({ to: '/search' as string, search: { q: typed.trim() || undefined } as never });
  };
  return (
    <search className="search">
      <form action="/search" onSubmit={submit}>
        <label>
          <Icon name="find" />
          <span className="vh">Search assets</span>
          <input
            ref={input}
            name="q"
            type="search"
            dir="auto"
            autoComplete="off"
            placeholder="Search assets, columns, owners"
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        </label>
        <kbd>/</kbd>
      </form>
    </search>
  );
}
