import { useNavigate, useRouterState } from '@tanstack/react-router';
import { type FormEvent, useCallback, useEffect, useRef, useState } from 'react';
import { Icon } from '@/ui/icon';
import { useKey } from './keys';
import { text } from './params';

const PAUSE_MS = 120;
const SEARCH = '/search' as string;

/** The search box of the top bar. `/` puts the focus there; on the page of search, it finds while one types. */
export function SearchBox() {
  const { typed, type, submit } = useTyped();
  const input = useRef<HTMLInputElement>(null);
  useKey(
    '/',
    'search',
    useCallback(() => input.current?.select(), []),
  );
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
            onChange={(event) => type(event.target.value)}
          />
        </label>
        <kbd>/</kbd>
      </form>
    </search>
  );
}

/** The words in the box. They follow the address, unless it follows them: the reader may have typed on meanwhile. */
function useTyped() {
  const location = useRouterState({ select: (state) => state.location });
  const isSearch = location.pathname === SEARCH;
  const q = isSearch ? (text(location.search as Record<string, unknown>, 'q') ?? '') : '';
  const [typed, setTyped] = useState(q);
  const sent = useRef(q);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const navigate = useNavigate();
  useEffect(() => {
    if (q === sent.current) return;
    sent.current = q;
    setTyped(q);
  }, [q]);
  const go = (words: string, prefix: true | undefined) => {
    clearTimeout(timer.current);
    sent.current = words.trim();
    const next = { q: sent.current || undefined, prefix, limit: undefined };
    const search = isSearch ? (now: object) => ({ ...now, ...next }) : next;
    void navigate({ to: SEARCH, search: search as never, replace: isSearch });
  };
  const type = (words: string) => {
    setTyped(words);
    clearTimeout(timer.current);
    if (isSearch) timer.current = setTimeout(() => go(words, true), PAUSE_MS);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    go(typed, undefined);
  };
  return { typed, type, submit };
}
