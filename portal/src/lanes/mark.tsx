import { memo } from 'react';
import { Shape } from '@/ui/effect';
import { KindIcon } from '@/ui/icon';
import type { Measure } from './layout';
import { nouns } from './nouns';
import {
  isCycle,
  isEmptyPlace,
  isOpen,
  isWholeCell,
  type Node,
  type Picture,
  type Tally,
  tally,
  worstEffect,
  worstSeverity,
} from './picture';
import type { Presence } from './scene';
import { SeverityBar } from './severity-bar';
import { shorten } from './shorten';
import { differenceOf, foldNoun, say, shownNumber } from './wording';

interface MarkProps {
  readonly node: Node;
  readonly picture: Picture;
  /** Pixels for the name. */
  readonly room: number;
  readonly measure: Measure;
  readonly tabbable: boolean;
  readonly lit: boolean;
  readonly selected: boolean;
}

/** A mark: an asset, a closed fold, or the head of an opened one. */
export const Mark = memo(function Mark({ node, picture, room, measure, tabbable, lit, selected }: MarkProps) {
  if (isEmptyPlace(node)) return <span className="mark place" aria-hidden="true" />;
  const { asset, fold } = node.mark;
  const what = tally(node.mark);
  const severity = worstSeverity(what);
  const opened = isOpen(node);
  return (
    <button
      type="button"
      className={classes(node, picture, lit)}
      data-id={node.id}
      data-mark={opened || node.mark.count === 0 ? undefined : asset ? 'asset' : 'fold'}
      data-count={opened || node.mark.count === 0 ? undefined : node.mark.count}
      data-sev={severity ?? undefined}
      data-poss={what.possible > 0 && what.possible === what.count ? '' : undefined}
      tabIndex={tabbable ? 0 : -1}
      aria-label={say(node, picture)}
      aria-expanded={fold ? opened : undefined}
      aria-current={selected ? 'true' : undefined}
    >
      {asset && <AssetContent node={node} picture={picture} room={room} measure={measure} what={what} />}
      {fold && (opened ? <OpenedContent node={node} /> : <FoldContent node={node} picture={picture} what={what} />)}
    </button>
  );
});

function classes(node: Node, picture: Picture, lit: boolean): string {
  const { asset, fold, count: counted } = node.mark;
  const found = ['mark'];
  if (isOpen(node)) found.push('opened');
  else if (fold) found.push('fold', picture.large ? (isWholeCell(node) ? 'cellwise' : 'named') : 'line');
  if (isCycle(node)) found.push('cycle');
  if (node === picture.root) found.push('root');
  if (counted === 0 && !isOpen(node) && !fold?.compared?.gone) found.push('ghost');
  if (asset?.present === 'gone') found.push('gone');
  if (asset?.present === 'appeared') found.push('new');
  if (fold?.compared?.appeared) found.push('new');
  if (fold?.compared?.gone && counted === 0 && !isOpen(node)) found.push('gone');
  if (lit) found.push('lit-m');
  return found.join(' ');
}

interface ContentProps {
  readonly node: Node;
  readonly picture: Picture;
  readonly what: Tally;
}

function AssetContent({ node, picture, what, room, measure }: ContentProps & Pick<MarkProps, 'room' | 'measure'>) {
  const { asset } = node.mark;
  if (!asset) return null;
  return (
    <>
      <KindIcon kind={asset.kind} />
      {picture.compares && SIGNS[asset.present] && (
        <span className="sg" aria-hidden="true">
          {SIGNS[asset.present]}
        </span>
      )}
      {node.mark.cycle && node.parent === null && <Turn />}
      <Fitted name={asset.name} room={room} measure={measure} />
      {picture.root !== node && asset.present !== 'gone' && <EffectShape picture={picture} what={what} />}
    </>
  );
}

/** Before the names of what came and went: the colour and the line through the name do not say it alone. */
const SIGNS: Partial<Record<Presence, string>> = { appeared: '+', gone: '−' };

/** Pixels for what stands before the name of an asset beside its icon. */
export function signsWidth({ mark, parent }: Node, { compares }: Picture): number {
  const sign = compares && mark.asset && SIGNS[mark.asset.present] ? 13 : 0;
  return sign + (mark.cycle && parent === null ? 19 : 0);
}

/** Says that a mark is a cycle, or in one. */
function Turn() {
  return (
    <span className="turn" aria-hidden="true">
      ↻
    </span>
  );
}

/** The shape of the worst effect; a small ring says that a change does not affect what is drawn. */
function EffectShape({ picture, what }: { picture: Picture; what: Tally }) {
  if (picture.scene.change === null) return null;
  const effect = worstEffect(what);
  if (effect) return <Shape name={effect} severity={worstSeverity(what) ?? undefined} />;
  return what.count === 0 ? <Shape name="none" /> : null;
}

function OpenedContent({ node }: { node: Node }) {
  return (
    <>
      <span aria-hidden="true">▾</span>
      {isCycle(node) && <Turn />}
      <bdi className="kn">
        {shownNumber(node)} {foldNoun(node)}
      </bdi>
    </>
  );
}

function FoldContent({ node, picture, what }: ContentProps) {
  const noun = foldNoun(node);
  const shown = shownNumber(node);
  const bar = what.count > 0 && <SeverityBar tally={what} />;
  const kinds = Object.entries(what.kinds).sort((a, b) => b[1] - a[1]);
  if (!picture.large)
    return (
      <>
        <span className="kr">
          {isCycle(node) ? <Turn /> : <KindIcon kind={kinds[0]?.[0] ?? node.mark.fold?.label ?? ''} />}
          <b>{shown}</b> <bdi className="kn">{noun}</bdi>
          <EffectShape picture={picture} what={what} />
        </span>
        {bar}
      </>
    );
  const named = !isWholeCell(node);
  const [changed, same] = named ? [shown, null] : twoLines(node);
  return (
    <>
      <span className="kr" title={same === null ? undefined : shown}>
        {isCycle(node) && <Turn />}
        <b>{changed}</b>
        <span className="kn" />
        <EffectShape picture={picture} what={what} />
      </span>
      {(named || same !== null) && <> </>}
      {named && <bdi className="kn">{noun}</bdi>}
      {same !== null && <span className="kn">{same}</span>}
      {named ? bar : same === null && <KindsAndBar kinds={kinds.slice(0, 2).map(([kind]) => kind)} bar={bar} />}
    </>
  );
}

/** What came and went, and below it what stayed; else the number alone. */
function twoLines(node: Node): [string, string | null] {
  const signs = differenceOf(node);
  if (signs === null || signs.length === 1) return [shownNumber(node), null];
  return [signs.slice(0, -1).join(' '), signs.at(-1) ?? null];
}

function KindsAndBar({ kinds, bar }: { kinds: string[]; bar: React.ReactNode }) {
  return (
    <span className="kr" title={kinds.map((kind) => nouns(kind, 2)).join(', ')}>
      <span className="ks">
        {kinds.map((kind) => (
          <KindIcon key={kind} kind={kind} />
        ))}
      </span>
      {bar}
    </span>
  );
}

/** A name that keeps its end where it is too long. The whole text stays in the page, to be found, copied and read aloud. */
function Fitted({ name, room, measure }: { name: string; room: number; measure: Measure }) {
  const { head, tail, width } = shorten(name, room, measure);
  if (width === null)
    return (
      <bdi className="nm" dir="auto">
        {name}
      </bdi>
    );
  return (
    <bdi className="nm" dir="auto" title={name}>
      <span className={width === 0 ? 'z' : undefined} style={width === 0 ? undefined : { width }}>
        {head}
      </span>
      <i>{tail}</i>
    </bdi>
  );
}
