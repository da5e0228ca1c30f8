import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { type ReactNode, useEffect } from 'react';
import type { PageStatus } from '@/app/page-status';
import { momentOf, notAMoment } from '@/app/params';
import { Band } from './band';
import { formatTime } from './format';
import { RecordedSince } from './recorded-since';
import { StateBand } from './state-band';

interface PageProps {
  /** Title of the document, of the page where no `heading` is given, and for screen readers where the heading has parts. */
  readonly title: string;
  readonly heading?: ReactNode;
  /** The title is for screen readers only: the page says it otherwise. */
  readonly quietTitle?: boolean;
  /** A line above the title: where this belongs. */
  readonly crumb?: ReactNode;
  /** The answer in one sentence, right below the title. */
  readonly answer?: ReactNode;
  /** Buttons and links of the head: AsJson, AsCommand, and what this page can do. */
  readonly actions?: ReactNode;
  readonly status: PageStatus;
  readonly waitsFor?: string;
  /** What a partial page offers to go on. */
  readonly more?: ReactNode;
  /** Whether what is shown follows `as_of`; a page that does not says so in the past. */
  readonly knowsPast?: boolean;
  /** The page says itself which moment it shows. */
  readonly ownPast?: boolean;
  /** Lanes use the whole width. */
  readonly wide?: boolean;
  readonly total?: number | undefined;
  readonly children?: ReactNode;
}

const root = getRouteApi('__root__');

/** The frame of every page: `<main>` with its state, head, bands, content. */
export function Page(props: PageProps) {
  const { title, status, wide = false, children } = props;
  useEffect(() => {
    document.title = `${title} · mlgraph`;
  }, [title]);
  return (
    <main id="main" tabIndex={-1} className={wide ? 'wide' : undefined} data-state={status.state} data-total={props.total}>
      <Head {...props} />
      {!props.ownPast && <PastBand knowsPast={props.knowsPast ?? true} />}
      {(props.knowsPast ?? true) && <RecordedSince />}
      <StateBand status={status} waitsFor={props.waitsFor ?? 'the server'} more={props.more} />
      {children}
    </main>
  );
}

function Head({ title, heading, quietTitle = false, crumb, answer, actions }: PageProps) {
  return (
    <div className="head">
      <div>
        {crumb && <p className="crumb">{crumb}</p>}
        <h1 className={quietTitle ? 'vh' : undefined} aria-label={typeof heading === 'object' ? title : undefined}>
          {heading ?? title}
        </h1>
        {answer && <p className="t2 answer">{answer}</p>}
      </div>
      {actions && <div className="acts">{actions}</div>}
    </div>
  );
}

function PastBand({ knowsPast }: { knowsPast: boolean }) {
  const { as_of } = root.useSearch();
  if (as_of === undefined) return null;
  const at = momentOf(as_of);
  if (at === null) return <Band tone="bad" shape="unmet" head={notAMoment('as_of', as_of)} action={<BackToNow />} />;
  return (
    <Band tone="past" head={`You look at ${formatTime(at)}.`} action={<BackToNow />}>
      {knowsPast ? 'Nothing here is newer.' : 'This page knows the present only: what it shows is of now.'}
    </Band>
  );
}

function BackToNow() {
  const navigate = useNavigate(); // not the root's: '.' is the page that is open
  const back = () => navigate({ to: '.', search: (now: object) => ({ ...now, as_of: undefined }) as never });
  return (
    <button className="btn" type="button" onClick={back}>
      Back to now
    </button>
  );
}
