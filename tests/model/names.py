"""Which name stands for an asset at one moment, by merging circles until none is left."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from mlgraph.graph.model.aliases import Alias


def stands_for(
    reported: Sequence[Alias], names: Collection[int], key: Callable[[int], str], moment: int
) -> dict[int, tuple[int, bool]]:
    """Return what each name stands for at `moment`, and whether it leads to several.

    While two that are kept apart are one, that which is led there by the weaker word (both, if neither is weaker) leads nowhere.
    """
    now = [alias for alias in reported if alias.start <= moment < alias.end and alias.name != alias.of]
    apart = [alias for alias in now if alias.apart]
    links = [
        alias
        for alias in now
        if not alias.apart
        and not any({alias.name, alias.of} == {other.name, other.of} and other.rank >= alias.rank for other in apart)
    ]
    while True:
        stands = merged(links, names, key)
        alone = set()
        for pair in apart:
            if stands[pair.name][0] == stands[pair.of][0]:
                ranks = {
                    name: max(link.rank for link in links if link.name == name)
                    for name in (pair.name, pair.of)
                    if name != stands[name][0]
                }
                alone |= {name for name in ranks if ranks[name] == min(ranks.values()) <= pair.rank}
        if not alone:
            return stands
        links = [link for link in links if link.name not in alone]


def merged(links: Sequence[Alias], names: Collection[int], key: Callable[[int], str]) -> dict[int, tuple[int, bool]]:
    prevailing = [a for a in links if a.rank == max(b.rank for b in links if b.name == a.name)]
    ways = {(a.name, a.of) for a in prevailing}
    leads = {(x, x) for x in names} | ways
    for middle in names:
        leads |= {(x, y) for x in names for y in names if (x, middle) in leads and (middle, y) in leads}
    circle_of = {x: min((y for y in names if (x, y) in leads and (y, x) in leads), key=key) for x in names}
    beyond = {c: {circle_of[y] for x, y in ways if circle_of[x] == c} - {c} for c in circle_of.values()}
    stands: dict[int, int] = {}
    while len(stands) < len(beyond):  # circles have no circles among them: the ends come first
        for circle, others in beyond.items():
            if all(other in stands for other in others):
                ends = {stands[other] for other in others}
                stands[circle] = ends.pop() if len(ends) == 1 else circle
    return {x: (stands[c], len({stands[other] for other in beyond[c]}) > 1) for x, c in circle_of.items()}
