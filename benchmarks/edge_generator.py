"""Random edges of the company: rules for inputs, outputs, features and deployments, within domains and across."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from benchmarks.layout import Bytes, Ints, Layout, Longs
from mlgraph.domain.vocabulary import RELATIONS

RAW_SHARE: Final = 0.35
"""Share of raw datasets among the datasets that are read."""
SKEW: Final = 2.0
"""Skew of popularity: the source has place `count * u ** SKEW`, for u uniform in [0, 1)."""
WRITTEN: Final = 11
"""Derived datasets out of twenty that are written by a workflow; the others are views."""

ROLES: Final = (None, "training", "online")
PLAIN, TRAINING, ONLINE = range(3)


Table = tuple[Ints, Bytes, Ints, Bytes]
"""Source, relation, target and role of edges, as columns."""


class DrawnEdges(NamedTuple):
    """Edges of one rule: ends as node numbers, relation as the vocabulary's code, role as a position in `ROLES`."""

    source: Ints
    target: Ints
    relation: int
    role: int


class Rule(NamedTuple):
    """A rule that draws edges: `pick` returns a source for each target (domain, place).

    Every target gets `least` edges; the remaining edges are distributed over the rules in proportion to `weight`.
    """

    relation: str
    target: str
    least: int
    weight: int
    pick: Callable[[NodePicker, Ints, Ints], Ints]
    role: int = PLAIN


class NodePicker:
    """Picks random nodes from a seeded generator."""

    def __init__(self, layout: Layout, rng: np.random.Generator) -> None:
        self.layout = layout
        self.rng = rng

    def place(self, limits: Ints | int, many: int) -> Longs:
        """Return places below `limits`; low ones are more frequent."""
        return (self.rng.random(many) ** SKEW * limits).astype(np.int64)

    def of(self, layer: str, domains: Ints) -> Ints:
        """Return a node of `layer` in each of `domains`."""
        return self.layout.at(domains, layer, self.place(self.layout.count(layer), len(domains)))

    def dataset(self, domains: Ints, limits: Ints) -> Ints:
        """Return a dataset of each domain: raw (hubs aside), or derived with a place below `limits`."""
        raw = self.layout.at(domains, "raw", self.place(self.layout.count("raw") - 1, len(domains)))
        derived = self.layout.at(domains, "derived", self.place(limits, len(domains)))
        return np.where((limits == 0) | (self.rng.random(len(domains)) < RAW_SHARE), raw, derived)

    def any_dataset(self, domains: Ints) -> Ints:
        """Return any dataset of each domain."""
        return self.dataset(domains, np.full(len(domains), self.layout.count("derived"), np.int32))


def _before_etl(picker: NodePicker, domains: Ints, places: Ints) -> Ints:
    """Pick datasets that only earlier workflows write, so that the graph has no cycles."""
    layout = picker.layout
    return picker.dataset(domains, (places * layout.count("derived") // layout.count("etl")).astype(np.int32))


def _elsewhere(picker: NodePicker, domains: Ints, places: Ints) -> Ints:
    del places
    return picker.any_dataset(picker.rng.integers(0, picker.layout.domains, len(domains), dtype=np.int32))


def _lower(layer: str) -> Callable[[NodePicker, Ints, Ints], Ints]:
    """Pick a node of the same layer with a lower place; loops at the lowest place are dropped later."""
    return lambda picker, domains, places: picker.layout.at(domains, layer, picker.place(places, len(places)))


def _from(layer: str) -> Callable[[NodePicker, Ints, Ints], Ints]:
    return lambda picker, domains, places: picker.of(layer, domains[: len(places)])


def _dataset(picker: NodePicker, domains: Ints, places: Ints) -> Ints:
    del places
    return picker.any_dataset(domains)


def _view_source(picker: NodePicker, domains: Ints, places: Ints) -> Ints:
    return picker.dataset(domains, places)


RULES: Final = (
    Rule("input_to", "etl", 1, 900, _before_etl),
    Rule("derives", "view", 1, 500, _view_source),
    Rule("feeds", "feature", 1, 1000, _dataset),
    Rule("input_to", "train", 2, 1600, _from("feature"), TRAINING),
    Rule("input_to", "train", 0, 900, _dataset, TRAINING),
    Rule("evaluated_by", "evaluation", 1, 350, _from("model_version")),
    Rule("input_to", "evaluation", 0, 300, _dataset),
    Rule("deployed_as", "deployment", 1, 150, _from("model_version")),
    Rule("input_to", "deployment", 0, 500, _from("feature"), ONLINE),
    Rule("input_to", "service", 0, 150, _from("feature"), ONLINE),
    Rule("serves", "service", 1, 60, _from("deployment")),
    Rule("required_by", "service", 0, 100, _lower("service")),
    Rule("derives", "model_version", 0, 100, _lower("model_version")),
    Rule("input_to", "train", 0, 450, _elsewhere, TRAINING),
    Rule("input_to", "evaluation", 0, 180, _elsewhere),
)
_FILLER: Final = Rule("input_to", "train", 0, 0, _elsewhere, TRAINING)
"""Replaces duplicates."""


def draw(layout: Layout, rng: np.random.Generator, wanted: int) -> Table:
    """Return source, relation, target and role of `wanted` distinct edges, sorted by source.

    Raises `ValueError` if the company is too small for so many.
    """
    picker = NodePicker(layout, rng)
    parts = [*_written(layout)]
    parts += [_least(picker, rule) for rule in RULES if rule.least]
    extra = wanted - sum(len(part.source) for part in parts)
    weights = sum(rule.weight for rule in RULES)
    parts += [_more(picker, rule, max(0, extra * rule.weight // weights)) for rule in RULES]
    table = _distinct(layout.nodes, parts)
    for _ in range(50):
        missing = wanted - len(table[0])
        if missing <= 0:
            break
        table = _joined(layout.nodes, table, _more(picker, _FILLER, missing + missing // 4 + 1))
    if len(table[0]) < wanted:
        raise ValueError(f"{layout.nodes} nodes in {layout.domains} domains have no room for {wanted} distinct edges")
    selected = np.ones(len(table[0]), np.bool_)
    fillers = np.flatnonzero(layout.domain_of(table[0]) != layout.domain_of(table[2]))
    selected[rng.choice(fillers, len(table[0]) - wanted, replace=False)] = False
    source, relation, target, role = table
    return source[selected], relation[selected], target[selected], role[selected]


def _written(layout: Layout) -> list[DrawnEdges]:
    """Return the output edges: one workflow for each derived dataset that is not a view, and for each model version."""
    domain, place = layout.all_of("derived")
    selected = place % 20 < WRITTEN
    domain, place = domain[selected], place[selected]
    etl = layout.at(domain, "etl", place * layout.count("etl") // layout.count("derived"))
    written = DrawnEdges(etl, layout.at(domain, "derived", place), RELATIONS["outputs"].code, PLAIN)
    domain, place = layout.all_of("model_version")
    train = layout.at(domain, "train", place * layout.count("train") // layout.count("model_version"))
    trained = DrawnEdges(train, layout.at(domain, "model_version", place), RELATIONS["outputs"].code, PLAIN)
    return [written, trained]


def _least(picker: NodePicker, rule: Rule) -> DrawnEdges:
    layout = picker.layout
    domain, place = layout.all_of(_layer(rule))
    if rule.target == "view":
        domain, place = domain[place % 20 >= WRITTEN], place[place % 20 >= WRITTEN]
    return _draw_rule(picker, rule, np.tile(domain, rule.least), np.tile(place, rule.least))


def _more(picker: NodePicker, rule: Rule, many: int) -> DrawnEdges:
    layout = picker.layout
    domain = picker.rng.integers(0, layout.domains, many, dtype=np.int32)
    place = picker.rng.integers(0, layout.count(_layer(rule)), many, dtype=np.int32)
    if rule.target == "view":
        place = np.minimum(place // 20 * 20 + WRITTEN + place % (20 - WRITTEN), layout.count("derived") - 1).astype(np.int32)
        place -= np.where(place % 20 < WRITTEN, place % 20 + 1, 0).astype(np.int32)  # the last group of twenty may be incomplete
        domain, place = domain[place >= 0], place[place >= 0]
    return _draw_rule(picker, rule, domain, place)


def _draw_rule(picker: NodePicker, rule: Rule, domain: Ints, place: Ints) -> DrawnEdges:
    source = rule.pick(picker, domain, place)
    target = picker.layout.at(domain, _layer(rule), place)
    apart = source != target
    return DrawnEdges(source[apart], target[apart], RELATIONS[rule.relation].code, rule.role)


def _layer(rule: Rule) -> str:
    return "derived" if rule.target == "view" else rule.target


def _distinct(nodes: int, parts: list[DrawnEdges]) -> Table:
    """Return the edges sorted by source; of duplicate pairs of nodes, the first one drawn."""
    source = np.concatenate([part.source for part in parts])
    target = np.concatenate([part.target for part in parts])
    relation = np.concatenate([np.full(len(part.source), part.relation, np.uint8) for part in parts])
    role = np.concatenate([np.full(len(part.source), part.role, np.uint8) for part in parts])
    _, first = np.unique(source.astype(np.int64) * nodes + target, return_index=True)
    return source[first], relation[first], target[first], role[first]


def _joined(nodes: int, table: Table, more: DrawnEdges) -> Table:
    source, relation, target, role = table
    key = source.astype(np.int64) * nodes + target
    new, first = np.unique(more.source.astype(np.int64) * nodes + more.target, return_index=True)
    fresh = first[~np.isin(new, key, assume_unique=True)]
    joined = (
        np.concatenate([source, more.source[fresh]]),
        np.concatenate([relation, np.full(len(fresh), more.relation, np.uint8)]),
        np.concatenate([target, more.target[fresh]]),
        np.concatenate([role, np.full(len(fresh), more.role, np.uint8)]),
    )
    order = np.argsort(joined[0].astype(np.int64) * nodes + joined[2], kind="stable")
    return joined[0][order], joined[1][order], joined[2][order], joined[3][order]
