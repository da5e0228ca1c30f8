"""Claims on names: the assets that an ambiguous name is reported to be another name of (docs/spec.md#11-ambiguous-names).

Most names are aliases of assets that have no alias themselves. Those are resolved here by interval algebra, in time that grows
with the number of their aliases: the name of a table may be claimed by each of its partitions. `Aliases` resolves chains and
cycles of aliases moment by moment.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mlgraph.domain.timestamps import FOREVER
from mlgraph.graph.model.spans import Spans, intersect, subtract, union

Claims = Mapping[int, Mapping[int, Spans]]
"""By claimant and origin, when the origin reports a name that is ambiguous then to be a name of the claimant."""


@dataclass(frozen=True, slots=True)
class Alias:
    """A statement that the assets `name` and `of` are one asset for [start, end), or with `apart` that they are two.

    A separation (`apart`) overrides aliases of the same or a lower `rank`. Declarations of people rank above reports of sources.
    `origin` is the number of the origin that states it (0: none is known).
    """

    name: int
    of: int
    start: int
    end: int = FOREVER
    rank: int = 0
    apart: bool = False
    origin: int = 0


class Resolution(NamedTuple):
    """What a name resolves to: (start, end, asset) where that is another asset, in order of time, and the claims on the name."""

    others: Sequence[tuple[int, int, int]]
    claims: Claims


def resolve_directly(aliases: Iterable[Alias], apart: Sequence[Alias]) -> Resolution:
    """Resolve a name that has these `aliases`, to assets that have none, and these separations (`apart`)."""
    by_rank: dict[int, list[tuple[Alias, Spans]]] = defaultdict(list)
    for alias in aliases:
        ends = {alias.name, alias.of}
        denied = union((each.start, each.end) for each in apart if each.rank >= alias.rank and {each.name, each.of} == ends)
        by_rank[alias.rank].append((alias, subtract([(alias.start, alias.end)], denied)))
    prevailing: dict[int, dict[int, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    outranked: Spans = []
    for rank in sorted(by_rank, reverse=True):
        for alias, spans in by_rank[rank]:
            prevailing[alias.of][alias.origin] += subtract(spans, outranked)
        outranked = union([*outranked, *(span for _, spans in by_rank[rank] for span in spans)])
    valid = {asset: union(span for spans in by_origin.values() for span in spans) for asset, by_origin in prevailing.items()}
    ambiguous = _overlaps(valid.values())
    others = sorted((start, end, asset) for asset, spans in valid.items() for start, end in subtract(spans, ambiguous))
    return Resolution(others, claims_within(prevailing, ambiguous))


def claims_within(reported: Mapping[int, Mapping[int, Iterable[tuple[int, int]]]], ambiguous: Spans) -> Claims:
    """Return what is reported of each asset by each origin, in the spans in which the name is ambiguous."""
    found = {
        asset: {origin: within for origin, spans in by_origin.items() if (within := intersect(union(spans), ambiguous))}
        for asset, by_origin in reported.items()
    }
    return {asset: by_origin for asset, by_origin in found.items() if by_origin}


def ambiguous_spans(claims: Claims) -> Spans:
    """Return when a name with these claims is ambiguous."""
    return union(span for by_origin in claims.values() for spans in by_origin.values() for span in spans)


def _overlaps(sets: Iterable[Spans]) -> Spans:
    """Return where two or more of the sets overlap."""
    steps: dict[int, int] = defaultdict(int)
    for start, end in itertools.chain.from_iterable(sets):
        steps[start] += 1
        steps[end] -= 1
    found, many = [], 0
    moments = sorted(steps)
    for moment, following in itertools.pairwise(moments):
        many += steps[moment]
        if many > 1:
            found.append((moment, following))
    return union(found)
