import { type ReactNode, useEffect, useState } from 'react';
import { askSignIn } from '@/api/session';
import type { PageStatus } from '@/app/page-status';
import { Band } from './band';
import { formatDuration } from './format';

const QUIET_MS = 400;

interface StateBandProps {
  readonly status: PageStatus;
  /** What is asked for: "the impact of ratings". */
  readonly waitsFor: string;
  /** What a partial page offers: a button that goes on. */
  readonly more?: ReactNode;
}

const clock = (at: number) => new Date(at).toLocaleTimeString('en-GB');

/** The band of a page that is not simply ready. What is known stays on the page below it. */
export function StateBand({ status, waitsFor, more }: StateBandProps) {
  switch (status.state) {
    case 'loading':
      return status.hasAnswer ? null : <Waiting waitsFor={waitsFor} />;
    case 'partial':
      return (
        <Band tone="warn" shape="breaks_next_run" head="The answer was cut." action={more}>
          {status.cut}
        </Band>
      );
    case 'stale':
      return <Behind status={status} />;
    case 'forbidden':
      return <Forbidden status={status} />;
    case 'error':
      return <Failed status={status} />;
    default:
      return null;
  }
}

/** Nothing for 400 ms; then a line that says what the page waits for. */
function Waiting({ waitsFor }: { waitsFor: string }) {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), QUIET_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <p className="t2 waiting" role="status">
      {late && `Waiting for ${waitsFor}.`}
    </p>
  );
}

function Behind({ status }: { status: PageStatus }) {
  const { lag_s, reason } = status.watermark ?? { lag_s: 0, reason: null };
  if (reason) {
    return (
      <Band tone="warn" shape="unknown" head="The server is not ready.">
        <span dir="auto">{reason}</span>. What you see may be older.
      </Band>
    );
  }
  return (
    <Band tone="warn" shape="unknown" head={`${formatDuration(lag_s)} behind.`}>
      Newer events wait. What you see is right as of {clock(Date.now() - lag_s * 1000)}.
    </Band>
  );
}

function Failed({ status }: { status: PageStatus }) {
  const { error, hasAnswer, answeredAt } = status;
  const lost = error === null || error.isUnreachable;
  const again = (
    <button className="btn" type="button" onClick={status.retry}>
      Try now
    </button>
  );
  return (
    <Band
      tone="bad"
      shape="unmet"
      head={lost ? 'The server does not answer.' : `${error.title}.`}
      action={error ? again : undefined}
    >
      {!lost && error.detail} {hasAnswer && `Below is the answer of ${clock(answeredAt)}.`}
      {lost && ' It is asked again every second.'}
    </Band>
  );
}

/** Says who can give access, and nothing about what is hidden. */
function Forbidden({ status }: { status: PageStatus }) {
  const anonymous = status.error?.isUnauthorized ?? false;
  const signIn = (
    <button className="btn" type="button" onClick={askSignIn}>
      {anonymous ? 'Sign in' : 'Use another token'}
    </button>
  );
  return (
    <Band tone="bad" shape="unmet" head={anonymous ? 'This server wants a token.' : 'You may not see this.'} action={signIn}>
      {anonymous ? 'An owner of this server gives tokens out.' : status.error?.detail}
    </Band>
  );
}
