import { memo, useMemo } from 'react';
import type { Layout } from './layout';
import { linkKey } from './paths';
import { isEmptyPlace, type Picture } from './picture';
import { route } from './routes';
import type { SceneLink } from './scene';

const MOST_NEAR = 60;
/** More links than this are a tangle: only those of the focused mark are drawn then. */
const MOST_PLAIN = 400;

interface LinksProps {
  readonly picture: Picture;
  readonly layout: Layout;
  /** The mark whose links are lit. */
  readonly focus: string | null;
  /** Keys of the links of the lit path. */
  readonly lit: ReadonlySet<string>;
}

/** All links as one SVG behind the marks. Small pictures show all, faint; large ones those of the focused mark alone. */
export const Links = memo(function Links({ picture, layout, focus, lit }: LinksProps) {
  const plain = useMemo(() => (hasAllLinks(picture) ? plainPaths(picture, layout) : []), [picture, layout]);
  const { links } = picture.scene;
  const near = links.filter((link) => (link.from === focus || link.to === focus) && !lit.has(linkKey(link.from, link.to)));
  const onPath = links.filter((link) => lit.has(linkKey(link.from, link.to)));
  const path = (link: SceneLink, name: string) => (
    <path key={linkKey(link.from, link.to)} className={name + dash(link)} d={route(link, picture, layout)} />
  );
  return (
    <svg className="links" width={layout.width} height={layout.height} aria-hidden="true">
      {plain.map(([name, d]) => (
        <path key={name} className={name} d={d} />
      ))}
      {near.slice(0, MOST_NEAR).map((link) => path(link, 'near'))}
      {onPath.map((link) => path(link, 'lit'))}
    </svg>
  );
});

const hasAllLinks = (picture: Picture): boolean => !picture.large && picture.scene.links.length <= MOST_PLAIN;

const dash = (link: SceneLink): string => (link.certainty === 'possible' ? ' poss' : '');

function plainPaths(picture: Picture, layout: Layout): [name: string, d: string][] {
  const certain: string[] = [];
  const possible: string[] = [];
  for (const link of picture.scene.links) {
    const ends = [picture.nodes.get(link.from), picture.nodes.get(link.to)];
    if (ends.some((end) => !end || isEmptyPlace(end) || end.mark.count === 0)) continue;
    (link.certainty === 'possible' ? possible : certain).push(route(link, picture, layout));
  }
  return [
    ['plain', certain.join('')],
    ['plain poss', possible.join('')],
  ];
}
