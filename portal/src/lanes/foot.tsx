import { memo } from 'react';
import { AssetName } from '@/ui/asset-name';
import { count } from './nouns';
import { isOpen, type Node, type Picture, tally } from './picture';
import { foldNoun, stateOf } from './wording';

interface FootProps {
  readonly picture: Picture;
  readonly node: Node | null;
  /** The lit path, from the root to the mark. */
  readonly way: readonly string[];
  readonly message: string | null;
}

/** The line below the picture: the focused mark in full with a link to its page, its path, and what keys do with it. */
export const Foot = memo(function Foot({ picture, node, way, message }: FootProps) {
  return (
    <div className={node ? 'info has' : 'info'}>
      <div aria-live="polite">
        {message ?? (node ? <About picture={picture} node={node} /> : <span className="t2">{HINT}</span>)}
      </div>
      <div className="via">{node && <Via picture={picture} node={node} way={way} />}</div>
      <span className="hint">{node ? <Keys node={node} /> : <Key name="?" text="all keys" />}</span>
    </div>
  );
});

const HINT = 'Every asset is in exactly one mark. Arrow keys follow links and rows; Enter opens a fold, Backspace closes it.';

function About({ picture, node }: { picture: Picture; node: Node }) {
  const what = tally(node.mark);
  const { asset } = node.mark;
  return (
    <>
      <b>
        {asset ? (
          <AssetName uri={asset.uri} kind={asset.kind} name={asset.name} icon={false} />
        ) : (
          <bdi dir="auto">{`${count(what.count)} ${foldNoun(node)}`}</bdi>
        )}
      </b>{' '}
      <span className="t2">{stateOf(node, picture).join(', ')}</span>
    </>
  );
}

function Via({ picture, node, way }: { picture: Picture; node: Node; way: readonly string[] }) {
  const between = way.slice(1, -1).flatMap((id) => picture.nodes.get(id) ?? []);
  if (between.length > 0)
    return (
      <>
        via{' '}
        {between.map((each, index) => (
          <bdi key={each.id} dir="auto">
            {index > 0 && ' → '}
            {each.mark.asset?.name ?? `${count(tally(each.mark).count)} ${foldNoun(each)}`}
          </bdi>
        ))}
      </>
    );
  if (node.mark.asset) return <span className="id">{node.mark.asset.uri}</span>;
  return way.length === 2 ? 'directly' : null;
}

function Keys({ node }: { node: Node }) {
  if (node.mark.fold)
    return isOpen(node) ? <Key name="Backspace" text="close the fold" /> : <Key name="Enter" text="open the fold" />;
  return (
    <>
      <Key name="o" text="open page" /> <Key name="r" text="make root" /> <Key name="x" text="only this path" />
    </>
  );
}

function Key({ name, text }: { name: string; text: string }) {
  return (
    <>
      <kbd>{name}</kbd> {text}
    </>
  );
}
