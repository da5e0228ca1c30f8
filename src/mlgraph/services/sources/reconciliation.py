"""Reconciliation of answers with the stored facts: what a source reports is valid after its recording, and nothing else is.

Answers give edges and assets the times of the source, which may lie before a retraction: a run that was deleted and restored
has its original start. Edges that an answer lists completely, and no longer lists, end (docs/hydration.md).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlgraph.domain.facts import AssetFact, AssetRetraction, EdgeFact, EdgeRetraction, Mode, Statement
from mlgraph.domain.history import AssetRecord, EdgeRecord, asset_intervals
from mlgraph.domain.timestamps import FOREVER
from mlgraph.domain.uri import AssetUri
from mlgraph.ports.connector import PulledConnector
from mlgraph.ports.store import FactReader
from mlgraph.services.history.asserted_facts import by_asset
from mlgraph.services.sources.stored_edges import Ends, OpenEdge, StoredEdges, Variant, ends_of, variant_of


@dataclass(frozen=True, slots=True)
class Reported:
    """The statements of one answer, and the asset that it is about."""

    subject: AssetUri
    statements: Sequence[Statement]

    @property
    def retracts(self) -> bool:
        """Whether the answer ends its subject, or an earlier object of the same name."""
        return any(isinstance(each, AssetRetraction) and each.uri == self.subject for each in self.statements)

    @property
    def lists_edges(self) -> bool:
        """Whether the answer lists the present edges of its subject: if it exists, as it did before if it is known.

        A deleted run has its edges too, as long as the source shows it.
        """
        if self.subject.kind == "run":
            return any(isinstance(each, EdgeFact) for each in self.statements)
        is_asserted = any(isinstance(each, AssetFact) and each.uri == self.subject for each in self.statements)
        return is_asserted and not self.retracts


class Reconciler:
    """Reconciles answers of one kind of source with the stored facts of the same origin."""

    def __init__(self, reader: FactReader, connector: PulledConnector) -> None:
        self._reader = reader
        self._connector = connector

    def reconcile(self, answers: Sequence[Reported]) -> list[list[Statement]]:
        """Return the statements to append for each answer."""
        origin = next((number for number, name in self._reader.origins().items() if name == self._connector.name), None)
        if origin is None:  # the first answer: nothing is stored
            return [[each for each in answer.statements if not _is_of_other(each, answer.subject)] for answer in answers]
        statements = [statement for answer in answers for statement in answer.statements]
        edges = [each for each in statements if isinstance(each, EdgeFact)]
        uris = {uri for each in edges for uri in (str(each.source), str(each.target), *each.properties.get("from", ()))}
        uris |= {str(answer.subject) for answer in answers}
        stored = StoredEdges(self._reader, origin, uris, edges)
        listed: dict[str, list[OpenEdge]] = defaultdict(list)
        for edge in stored.open_edges(self._connector.complete_edges):
            listed[edge.asset].append(edge)
        assets = _StoredAssets(self._reader, origin, statements)
        return [self._reconciled(answer, stored, assets, listed.get(str(answer.subject), ())) for answer in answers]

    def _reconciled(
        self, answer: Reported, stored: StoredEdges, assets: _StoredAssets, listed: Sequence[OpenEdge]
    ) -> list[Statement]:
        ended = _no_longer_listed(answer, listed) if answer.lists_edges else []
        again = {edge.current for edge in ended}
        found: list[Statement] = list(dict.fromkeys(self._retraction(edge) for edge in ended))
        for statement in answer.statements:
            if isinstance(statement, EdgeFact):
                if ends_of(statement) in again:
                    found.append(statement._replace(valid_from=None))
                elif answer.lists_edges or answer.subject not in (statement.source, statement.target):
                    found += effective_edge(statement, stored)
                else:
                    found.append(statement)
            elif isinstance(statement, AssetFact) and statement.uri != answer.subject:
                found.append(assets.effective(statement))
            elif isinstance(statement, AssetRetraction) and _is_of_other(statement, answer.subject):
                found += [statement._replace(valid_to=None)] if assets.exists(statement.uri) else []
            else:
                found.append(statement)
        return found

    def _retraction(self, edge: OpenEdge) -> EdgeRetraction:
        """Return the retraction of an edge now; of a run's workflow from the start, because a run executes one at every time."""
        source, relation, target = edge.stored
        end = edge.start if relation == "run_of" else None
        return EdgeRetraction(AssetUri.parse(source), relation, AssetUri.parse(target), self._connector.name, end)


class _StoredAssets:
    """The stored states of the assets of an answer that were retracted before, or that it retracts."""

    def __init__(self, reader: FactReader, origin: int, statements: Sequence[Statement]) -> None:
        self._origin = origin
        named = {str(each.uri): type(each) for each in statements if isinstance(each, AssetFact | AssetRetraction)}
        self._ids = reader.ids(named)
        wanted = reader.retracted(list(self._ids.values()))
        wanted |= {number for uri, number in self._ids.items() if named[uri] is AssetRetraction}
        self._records = by_asset(reader.asset_records(wanted)) if wanted else {}

    def exists(self, uri: AssetUri) -> bool:
        """Return whether the source has reported the asset, and not retracted it since."""
        states = asset_intervals(self._records.get(self._ids.get(str(uri), 0), ()))
        return any(state.end == FOREVER and state.origin == self._origin for state in states)

    def effective(self, fact: AssetFact) -> AssetFact:
        """Return the state of an asset, valid from its recording if a retraction would end it at or after its own time."""
        known = self._records.get(self._ids.get(str(fact.uri), 0))
        if fact.valid_from is None or not known or not any(each.mode == Mode.RETRACT for each in known):
            return fact
        new = AssetRecord(known[0].asset, self._origin, fact.valid_from, fact.mode, fact.state)
        states = asset_intervals([*known, new])
        is_valid = any(state.end == FOREVER and state.origin == self._origin for state in states)
        return fact if is_valid else fact._replace(valid_from=None)


def _no_longer_listed(answer: Reported, open_edges: Sequence[OpenEdge]) -> list[OpenEdge]:
    """Return the subject's open edges that the answer would list, if they still existed, and those under former names."""
    now: dict[Ends, set[Variant]] = defaultdict(set)
    for each in answer.statements:
        if isinstance(each, EdgeFact):
            now[ends_of(each)].add(variant_of(each))
    retracted = {
        (str(each.source), each.relation, str(each.target)) for each in answer.statements if isinstance(each, EdgeRetraction)
    }
    return sorted(
        edge
        for edge in open_edges
        if edge.stored not in retracted and (edge.stored != edge.current or edge.variant not in now.get(edge.current, set()))
    )


def _is_of_other(statement: Statement, subject: AssetUri) -> bool:
    """Return whether a statement is the retraction of another asset than the subject of its answer."""
    return isinstance(statement, AssetRetraction) and statement.uri != subject


def effective_edge(fact: EdgeFact, stored: StoredEdges) -> list[EdgeFact]:
    """Return an edge, valid from its recording where its own time would not make it valid now.

    Nothing if the stored edge is the same, but valid since a later time, because it ended or differed before.
    """
    if fact.valid_from is None or fact.valid_to is not None:
        return [fact]
    new = stored.record(fact)
    known = stored.same(new)
    if fact.mode == Mode.PATCH and not fact.properties and any(each.end == FOREVER for each in stored.intervals(new)):
        return []
    if any(_is_open(interval.properties, interval.feeds, interval.end, new) for interval in stored.intervals(new)):
        differed = any((dict(each.properties), each.feeds) != (dict(new.properties), new.feeds) for each in known)
        return [] if differed or any(cut >= new.valid_from for cut in stored.cuts(new)) else [fact]
    would_be = stored.intervals(new, added=True)
    if any(_is_open(interval.properties, interval.feeds, interval.end, new) for interval in would_be):
        return [fact]
    return [fact._replace(valid_from=None)]


def _is_open(properties: Mapping[str, object], feeds: frozenset[int] | None, end: int, like: EdgeRecord) -> bool:
    return end == FOREVER and (dict(properties), feeds) == (dict(like.properties), like.feeds)
