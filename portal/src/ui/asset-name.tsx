import { PageLink } from '@/app/page-link';
import { nameOfUri, uriParts } from './format';
import { KindIcon } from './icon';
import { Name } from './name';

interface AssetNameProps {
  readonly uri: string;
  /** From the answer; else what the URI says. */
  readonly kind?: string | undefined;
  readonly name?: string | undefined;
  readonly link?: boolean;
  readonly icon?: boolean;
}

/** An asset as icon and name, which is a link to its page. */
export function AssetName({ uri, kind, name, link = true, icon = true }: AssetNameProps) {
  const shown = name ?? nameOfUri(uri);
  const text = <Name text={shown} />;
  return (
    <span className="asset">
      {icon && <KindIcon kind={kind ?? uriParts(uri)?.kind ?? ''} />}
      {link ? (
        <PageLink page="/asset" search={{ uri }} label={shown}>
          {text}
        </PageLink>
      ) : (
        text
      )}
    </span>
  );
}
