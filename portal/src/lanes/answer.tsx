import { Shape } from '@/ui/effect';
import { count } from './nouns';
import { owners, whole } from './owners';
import type { Picture } from './picture';
import { EFFECTS } from './scene';
import { EFFECT_HEADS, equation } from './wording';

/** The answer in one sentence, which is an equation: what is shown and what is folded add up to all. */
export function Answer({ picture }: { picture: Picture }) {
  const { scene } = picture;
  const { first, text, total, rest, apart } = equation(scene);
  return (
    <span className="eqr">
      <span className="eq" data-total={scene.total}>
        <span>
          <b>{first}</b>
          {text}
          {total !== null && <b>{total}</b>}
          {rest}
        </span>
        {apart && <span className="t2">{apart}</span>}
        {scene.noise.count > 0 && <span className="t2">{count(scene.noise.count)} hidden by noise rules</span>}
      </span>
      {scene.change !== null && <Effects picture={picture} />}
    </span>
  );
}

function Effects({ picture }: { picture: Picture }) {
  const all = whole(owners(picture));
  return (
    <span className="effects">
      {EFFECTS.map((effect) => (
        <span key={effect} className="nw">
          <Shape name={effect} /> <b>{count(all.effects[effect] ?? 0)}</b> {EFFECT_HEADS[effect]}
        </span>
      ))}
    </span>
  );
}
