import { memo, useMemo } from 'react';
import { AssetName } from '@/ui/asset-name';
import { Shape } from '@/ui/effect';
import { Legend } from './legend';
import { count, nouns } from './nouns';
import { listed, type OwnerLine, occurring } from './owners';
import { type Node, type Picture, tally, worstEffect, worstSeverity } from './picture';
import { EFFECT_HEADS } from './wording';

const MOST_LISTED = 200;

/** Beside the picture: who owns what is in it, and the same marks as a list. */
export const Side = memo(function Side({ picture, lines }: { picture: Picture; lines: readonly OwnerLine[] }) {
  return (
    <aside className="side" aria-label="Owners and list">
      <Owners picture={picture} lines={lines} />
      <List picture={picture} />
      <Legend
        impact={picture.scene.change !== null}
        compares={picture.compares}
        cycles={picture.scene.marks.some((mark) => mark.cycle !== undefined)}
      />
    </aside>
  );
});

function Owners({ picture, lines }: { picture: Picture; lines: readonly OwnerLine[] }) {
  const { scene } = picture;
  const impact = scene.change !== null;
  const holding = lines.filter((line) => line.tally.count > 0);
  const effects = occurring(lines);
  const noun = scene.by === 'team' ? 'team' : scene.by;
  return (
    <section>
      <h2>{scene.by !== 'team' ? `By ${noun}` : impact ? 'Whom to tell' : 'Who owns it'}</h2>
      <p>{summary(picture, holding)}</p>
      <table>
        <thead>
          <tr>
            <th scope="col">{noun.charAt(0).toUpperCase() + noun.slice(1)}</th>
            {effects.map((effect) => (
              <th key={effect} scope="col" className="num">
                <Shape name={effect} />
                <span className="vh">{EFFECT_HEADS[effect]}</span>
              </th>
            ))}
            {effects.length === 0 && (
              <th scope="col" className="num">
                assets
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {holding.map((line) => (
            <tr key={line.name}>
              <td>{line.uri ? <AssetName uri={line.uri} name={line.name} icon={false} /> : <bdi dir="auto">{line.name}</bdi>}</td>
              {effects.map((effect) => (
                <td key={effect} className="num">
                  {line.tally.effects[effect] ? count(line.tally.effects[effect] ?? 0) : <span className="t3">–</span>}
                </td>
              ))}
              {effects.length === 0 && <td className="num">{count(line.tally.count)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function summary(picture: Picture, holding: readonly OwnerLine[]): string {
  if (picture.scene.by !== 'team') return `${count(holding.length)} ${holding.length === 1 ? 'row' : 'rows'}`;
  const teams = holding.reduce((sum, line) => sum + line.teams, 0);
  const nobody = holding.some((line) => line.teams === 0);
  const text = `${count(teams)} ${teams === 1 ? 'team' : 'teams'}`;
  return nobody ? `${text}, and assets of nobody. Name an owner for those.` : text;
}

function List({ picture }: { picture: Picture }) {
  const nodes = useMemo(() => listed(picture), [picture]);
  const impact = picture.scene.change !== null;
  const { folds } = picture.scene;
  return (
    <section>
      <h2>{impact ? 'Worst first' : picture.compares ? 'Who came and who went' : 'Nearest first'}</h2>
      <p>
        {singles(nodes.length)} {folds > 0 && 'Open folds to list more.'}
        {nodes.length > MOST_LISTED && ` The first ${MOST_LISTED} of them:`}
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard */}
      <ul className="al" tabIndex={0} aria-label="Assets">
        {nodes.slice(0, MOST_LISTED).map((node) => (
          <ListItem key={node.id} node={node} impact={impact} compares={picture.compares} />
        ))}
      </ul>
    </section>
  );
}

function singles(many: number): string {
  if (many === 0) return 'No mark but the start is a single asset.';
  return many === 1 ? '1 mark is a single asset.' : `${count(many)} marks are single assets.`;
}

interface ListItemProps {
  readonly node: Node;
  readonly impact: boolean;
  readonly compares: boolean;
}

function ListItem({ node, impact, compares }: ListItemProps) {
  const { asset } = node.mark;
  if (!asset) return null;
  const what = tally(node.mark);
  const effect = worstEffect(what);
  const severity = worstSeverity(what);
  return (
    <li>
      {effect && <Shape name={effect} severity={severity ?? undefined} />}
      <AssetName uri={asset.uri} kind={asset.kind} name={asset.name} icon={!effect} />
      <span className="t3">{impact ? severity : compares ? asset.present : nouns(asset.kind, 1)}</span>
    </li>
  );
}
