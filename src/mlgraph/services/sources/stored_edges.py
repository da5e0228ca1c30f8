"""The stored edges of one origin, and which of them are open: the basis for the reconciliation of answers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from mlgraph.domain.facts import EdgeFact, Mode
from mlgraph.domain.history import EdgeInterval, EdgeRecord, edge_intervals
from mlgraph.domain.timestamps import FOREVER
from mlgraph.domain.vocabulary import RELATION_NAMES, RELATIONS
from mlgraph.graph.projection.histories import cuts_of, retracted
from mlgraph.ports.store import FactReader
from mlgraph.services.history.asserted_facts import asserted_intervals, by_triple, retraction_ends

Triple = tuple[int, int, int]
Ends = tuple[str, str, str]
"""Source, relation and target of an edge; the assets as URIs."""
Variant = tuple[str, str]
"""Role and version, in which edges of one triple differ; empty where an edge has none."""

_ALIAS_OF: Final = RELATIONS["alias_of"].code


def ends_of(fact: EdgeFact) -> Ends:
    """Return source, relation and target of an edge."""
    return str(fact.source), fact.relation, str(fact.target)


def variant_of(fact: EdgeFact) -> Variant:
    """Return role and version of an edge."""
    return fact.properties.get("role") or "", fact.properties.get("version") or ""


class OpenEdge(NamedTuple):
    """An open edge of an asset, under the stored names and under the current ones, since `start` (microseconds)."""

    place: int
    """Which end of the edge the asset is: 0 the source, 2 the target."""
    stored: Ends
    current: Ends
    variant: Variant
    start: int

    @property
    def asset(self) -> str:
        """The current name of the asset."""
        return self.current[self.place]


class StoredEdges:
    """The stored edges of one origin among `facts`, and those of some assets. Deleting a run does not end what it reported."""

    def __init__(self, reader: FactReader, origin: int, uris: Collection[str], facts: Iterable[EdgeFact]) -> None:
        """Load the edges of `facts`; `uris` are all assets in them, and others to load edges of."""
        self._reader, self._origin = reader, origin
        self._ids = reader.ids(uris)
        self._uris = {number: uri for uri, number in self._ids.items()}
        triples = {triple for fact in facts if (triple := self.triple(fact)) is not None}
        self._records: dict[Triple, list[EdgeRecord]] = by_triple(reader.edges(triples))
        self._endings = retraction_ends(reader, self._uris)
        self._current: dict[int, int] = {}
        """The current name of each loaded former name."""

    def triple(self, fact: EdgeFact) -> Triple | None:
        """Return the triple of an edge; None if one of its ends is unknown."""
        source, target = self._ids.get(str(fact.source)), self._ids.get(str(fact.target))
        return None if source is None or target is None else (source, RELATIONS[fact.relation].code, target)

    def record(self, fact: EdgeFact) -> EdgeRecord:
        """Return an edge with a start as a record, as if it were stored; unknown assets have negative numbers."""
        source, target = self._ids.get(str(fact.source), -1), self._ids.get(str(fact.target), -2)
        feeds = fact.properties.get("from")
        numbers = None if feeds is None else frozenset(self._ids.get(uri, -3 - at) for at, uri in enumerate(sorted(feeds)))
        until = FOREVER if fact.valid_to is None else fact.valid_to
        role, version = fact.properties.get("role"), fact.properties.get("version")
        ends = source, RELATIONS[fact.relation].code, target
        return EdgeRecord(
            *ends, self._origin, fact.valid_from or 0, until, fact.mode, role, version, None, numbers, fact.other_properties
        )

    def same(self, record: EdgeRecord) -> list[EdgeRecord]:
        """Return the stored records of the same edge: triple, origin, role and version."""
        known = self._records.get(record.triple, ())
        return [each for each in known if each.mode != Mode.RETRACT and each.key == record.key]

    def cuts(self, record: EdgeRecord) -> list[int]:
        """Return the times at which retractions end the edge: its own, and those of its ends."""
        triple = record.triple
        known = self._records.get(triple, ())
        cuts = retracted(cuts_of(known).get(triple, ()), self._origin)
        for asset in {triple[0], triple[2]} & self._endings.keys():
            cuts += self._endings[asset].of(self._origin)
        return cuts

    def open_edges(self, relations: Mapping[str, tuple[Sequence[str], Sequence[str]]]) -> Iterator[OpenEdge]:
        """Yield the open edges of all loaded assets of each kind of `relations`: outgoing and incoming ones of these relations.

        Edges that were stored under former names of an asset are among them.
        """
        self._load_former_names()
        for kind, directions in relations.items():
            assets = {number for number, uri in self._uris.items() if uri.startswith(f"mlg://{kind}/")}
            for place, names in zip((0, 2), directions, strict=True):
                codes = [RELATIONS[name].code for name in names]
                read = self._reader.edges_from if place == 0 else self._reader.edges_into
                yield from self._open(place, by_triple(read(assets, codes) if assets and codes else ()))

    def _open(self, place: int, records: Mapping[Triple, list[EdgeRecord]]) -> Iterator[OpenEdge]:
        others = {triple[2 - place] for triple in records}
        self._load(others - self._uris.keys())
        self._load_current_names(others)
        self._records |= records
        for triple, known in records.items():
            own = {each.key: each for each in known if each.mode != Mode.RETRACT and each.origin == self._origin}
            for record in own.values():
                for interval in self.intervals(record):
                    if interval.end == FOREVER:
                        variant = record.role or "", record.version or ""
                        yield OpenEdge(place, self._named(triple), self._named(triple, self._current), variant, interval.start)

    def _named(self, triple: Triple, names: Mapping[int, int] = MappingProxyType({})) -> Ends:
        source, relation, target = triple
        return self._uris[names.get(source, source)], RELATION_NAMES[relation], self._uris[names.get(target, target)]

    def _load(self, assets: Collection[int]) -> None:
        rows = self._reader.rows(assets)
        self._uris |= {number: row.uri for number, row in rows.items()}
        self._ids |= {row.uri: number for number, row in rows.items()}
        self._endings = {**self._endings, **retraction_ends(self._reader, assets)}

    def _load_former_names(self) -> None:
        """Load the names from which loaded assets were renamed, transitively."""
        wanted = set(self._uris)
        while wanted:
            former = {name: of for name, of in self._aliases(self._reader.edges_into, wanted) if name not in self._uris}
            self._load(former.keys())
            self._current |= {name: self._current.get(of, of) for name, of in former.items()}
            wanted = set(former)

    def _load_current_names(self, assets: Collection[int]) -> None:
        """Load the names under which assets continue, transitively."""
        wanted = {asset for asset in assets if asset not in self._current}
        steps = dict(self._aliases(self._reader.edges_from, wanted))
        seen = set(wanted)
        while further := set(steps.values()) - seen:
            seen |= further
            steps |= dict(self._aliases(self._reader.edges_from, further))
        self._load(set(steps.values()) - self._uris.keys())
        for asset in steps.keys() & wanted:
            current, passed = asset, {asset}
            while (step := steps.get(current)) is not None and step not in passed:
                passed.add(step)
                current = step
            self._current[asset] = current

    def _aliases(
        self, read: Callable[[Collection[int], Collection[int]], list[EdgeRecord]], assets: Collection[int]
    ) -> Iterator[tuple[int, int]]:
        """Yield (former name, next name) of each rename that `read` finds at one of `assets`."""
        for each in asserted_intervals(self._reader, read(list(assets), [_ALIAS_OF]) if assets else []):
            if each.end == FOREVER and each.record.origin == self._origin:
                yield each.record.source, each.record.target

    def intervals(self, record: EdgeRecord, *, added: bool = False) -> list[EdgeInterval]:
        """Return the intervals of the edge of `record`, or those that it would have with `record` `added`."""
        return edge_intervals([*self.same(record), record] if added else self.same(record), self.cuts(record))
