import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Asset } from '@/api/generated';
import { apiQuery } from '@/api/queries';
import { counted, formatCount, uriParts } from '@/ui/format';
import { Time } from '@/ui/time';
import { Health } from './asset-head';
import { checkCounts } from './columns';
import { EditDeprecated, EditSuccessor } from './edit-lifecycle';
import { EditList } from './edit-list';
import { EditOwners } from './edit-owners';
import { isWebAddress, toolLinks } from './tool-links';

/** The facts beside the sections: who answers for it, how it is, who uses it, where it lives; what people can write among them. */
export function FactsAside({ asset }: { asset: Asset }) {
  const { namespace } = uriParts(asset.uri) ?? { namespace: '' };
  return (
    <aside aria-label="Facts">
      <dl className="facts">
        <Fact title="Owner">
          <EditOwners asset={asset} />
        </Fact>
        <Fact title="Health">
          <Health asset={asset} />
          <HealthReasons asset={asset} />
        </Fact>
        <Size asset={asset} />
        <Fact title="Used">
          <Use asset={asset} />
        </Fact>
        <Fact title="Lives in">
          <bdi className="wrap">{namespace}</bdi>
          {asset.environment && (
            <span className="t3">
              {' '}
              <bdi>{asset.environment}</bdi>
            </span>
          )}
        </Fact>
        <Fact title="Reported by">
          <bdi>{asset.origins.join(', ') || 'nobody'}</bdi>
          <ToolLinks asset={asset} />
        </Fact>
        <Fact title="Tags">
          <EditList asset={asset} field="tags" one="tag" show={(tag) => <bdi className="tag">{tag}</bdi>} />
        </Fact>
        <Fact title="Links">
          <EditList asset={asset} field="links" one="link" show={(link) => <WebLink href={link} />} />
        </Fact>
        <Fact title="State">
          <EditDeprecated asset={asset} />
        </Fact>
        {(asset.deprecated || asset.successor !== null) && (
          <Fact title="Successor">
            <EditSuccessor asset={asset} />
          </Fact>
        )}
      </dl>
    </aside>
  );
}

function Fact({ title, children }: { title: string; children: ReactNode }) {
  return (
    <>
      <dt>{title}</dt>
      <dd>{children}</dd>
    </>
  );
}

/** What the source says about the health that it reports. */
function reportedReason({ properties }: Asset): string[] {
  const reason = properties.health_reason;
  return typeof reason === 'string' && reason !== '' ? [reason] : [];
}

function HealthReasons({ asset }: { asset: Asset }) {
  const { met, total } = checkCounts(asset.properties);
  return (
    <>
      {total > 0 && (
        <span className="t3">
          {' '}
          {met} of {counted(total, 'check')} met
        </span>
      )}
      {[...asset.health.reasons, ...reportedReason(asset)].map((reason) => (
        <span key={reason} className="why reason" dir="auto">
          {reason}
        </span>
      ))}
    </>
  );
}

function Size({ asset }: { asset: Asset }) {
  const profile = asset.properties.profile;
  const rows = typeof profile === 'object' && profile !== null && 'num_rows' in profile ? profile.num_rows : null;
  return typeof rows === 'number' ? <Fact title="Rows">{formatCount(rows)}</Fact> : null;
}

function Use({ asset }: { asset: Asset }) {
  const { reads, last_read_at } = asset.usage;
  return (
    <>
      read by {counted(reads.runs_30d, 'run')} in 30 days
      {last_read_at && (
        <>
          , last <Time at={last_read_at} />
        </>
      )}
      ; asked about {reads.requests_30d === 1 ? 'once' : `${formatCount(reads.requests_30d)} times`}
    </>
  );
}

/** Links back to the tool that knows more. */
function ToolLinks({ asset }: { asset: Asset }) {
  const sources = useQuery({ ...apiQuery('/api/v1/sources', {}), staleTime: 60_000 });
  return toolLinks(asset, sources.data?.sources ?? []).map((link) => (
    <span key={link.href} className="tool">
      <a href={link.href} rel="noopener noreferrer">
        {link.label}
      </a>
    </span>
  ));
}

function WebLink({ href }: { href: string }) {
  if (!isWebAddress(href)) return <bdi className="wrap">{href}</bdi>;
  return (
    <a className="wrap" href={href} rel="noopener noreferrer" dir="ltr">
      {href.replace(/^https?:\/\//i, '')}
    </a>
  );
}
