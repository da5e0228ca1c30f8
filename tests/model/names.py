"""Naive model of alias resolution at one moment: transitive closure of all links, with cycles merged."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from mlgraph.domain.facts import EdgeFact, Fact
from mlgraph.domain.uri import AssetUri, dataset_of_column
from mlgraph.graph.model.claims import Alias


class Resolved(NamedTuple):
    """The asset that a name denotes, whether the name is ambiguous, and the assets that its links lead to."""

    asset: int
    ambiguous: bool
    ends: frozenset[int]


def resolve_all(reported: Sequence[Alias], names: Collection[int], key: Callable[[int], str], moment: int) -> dict[int, Resolved]:
    """Return what each name denotes at `moment`.

    While two names that are declared distinct resolve to one asset, the links of the one with the lower rank (of both, if their
    ranks are equal) are ignored.
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
        resolved = merged(links, names, key)
        alone = set()
        for pair in apart:
            if resolved[pair.name][0] == resolved[pair.of][0]:
                ranks = {
                    name: max(link.rank for link in links if link.name == name)
                    for name in (pair.name, pair.of)
                    if name != resolved[name][0]
                }
                alone |= {name for name in ranks if ranks[name] == min(ranks.values()) <= pair.rank}
        if not alone:
            return resolved
        links = [link for link in links if link.name not in alone]


def merged(links: Sequence[Alias], names: Collection[int], key: Callable[[int], str]) -> dict[int, Resolved]:
    prevailing = [a for a in links if a.rank == max(b.rank for b in links if b.name == a.name)]
    links_to = {(a.name, a.of) for a in prevailing}
    leads = {(x, x) for x in names} | links_to
    for middle in names:
        leads |= {(x, y) for x in names for y in names if (x, middle) in leads and (middle, y) in leads}
    circle_of = {x: min((y for y in names if (x, y) in leads and (y, x) in leads), key=key) for x in names}
    beyond = {c: {circle_of[y] for x, y in links_to if circle_of[x] == c} - {c} for c in circle_of.values()}
    resolved: dict[int, int] = {}
    while len(resolved) < len(beyond):  # the merged cycles form an acyclic graph: resolve its ends first
        for circle, others in beyond.items():
            if all(other in resolved for other in others):
                ends = {resolved[other] for other in others}
                resolved[circle] = ends.pop() if len(ends) == 1 else circle
    ends_of = {circle: frozenset(resolved[other] for other in others) for circle, others in beyond.items()}
    return {x: Resolved(resolved[c], len(ends_of[c]) > 1, ends_of[c]) for x, c in circle_of.items()}


def use_two_names_of_one_asset(facts: Sequence[Fact]) -> bool:
    """Return whether runs or workflows report an asset by several names, which count as one (see test_alias_merging)."""
    related: dict[AssetUri, set[AssetUri]] = {}
    used: set[AssetUri] = set()
    for fact in facts:
        if not isinstance(fact, EdgeFact):
            continue
        if fact.relation == "alias_of":
            joined = {fact.source, fact.target} | related.get(fact.source, set()) | related.get(fact.target, set())
            related.update(dict.fromkeys(joined, joined))
        elif fact.relation in ("input_to", "outputs"):
            used |= {fact.source, fact.target, *map(AssetUri.parse, fact.properties.get("from", ()))}
        elif "by" in fact.properties:
            used |= {dataset for end in (fact.source, fact.target) if (dataset := dataset_of_column(end)) is not None}
    return any(len(related.get(uri, {uri}) & used) > 1 for uri in used)
