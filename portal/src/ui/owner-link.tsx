import { PageLink, useHasPage } from '@/app/page-link';
import { AssetName } from './asset-name';
import { nameOfUri } from './format';
import { Name } from './name';

/** A team has a page of its own; a person is an asset like others. */
export function OwnerLink({ uri, name = nameOfUri(uri) }: { uri: string; name?: string }) {
  const hasTeams = useHasPage('/team');
  if (!hasTeams || !uri.startsWith('mlg://team/')) return <AssetName uri={uri} name={name} icon={false} />;
  return (
    <PageLink page="/team" search={{ uri }} label={name}>
      <Name text={name} />
    </PageLink>
  );
}
