import { useQuery } from '@tanstack/react-query';
import type { CallerSession } from '@/api/generated';
import { apiQuery } from '@/api/queries';
import { Account } from '@/app/account';
import { usePinned, useRecent } from '@/app/my-assets';
import { usePageStatus } from '@/app/page-status';
import { AsJson } from '@/ui/as-same';
import { counted } from '@/ui/format';
import { KeptAssets } from '@/ui/kept-assets';
import { Page } from '@/ui/page';
import { Time } from '@/ui/time';
import { rightsOf } from './rights';

/** Who this browser is, and what it retains: recent and pinned assets. */
export function MePage() {
  const found = useQuery(apiQuery('/api/v1/session', {}));
  const status = usePageStatus([found]);
  const pinned = usePinned().length;
  const recent = useRecent().length;
  return (
    <Page
      title="Mine"
      status={status}
      waitsFor="who this browser is"
      answer={`${counted(pinned, 'asset')} pinned and ${counted(recent, 'asset')} opened lately, in this browser only.`}
      knowsPast={false}
      actions={<AsJson path="/session" />}
    >
      <div className="col-2">
        <section aria-labelledby="h-you">
          <div className="sec-h">
            <h2 id="h-you">This browser</h2>
          </div>
          <Account />
          {found.data && <Rights session={found.data} />}
        </section>
        <KeptAssets />
      </div>
    </Page>
  );
}

function Rights({ session }: { session: CallerSession }) {
  return (
    <ul className="rows">
      {rightsOf(session).map((sentence) => (
        <li key={sentence} dir="auto">
          {sentence}
        </li>
      ))}
      {session.expires_at && (
        <li>
          The session ends <Time at={session.expires_at} />.
        </li>
      )}
    </ul>
  );
}
