"""Export: every source fact and declaration as NDJSON, in an order that depends on the facts alone (docs/spec.md#facts)."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import IO, Any, Final

from mlgraph.domain.fact_json import asset_line
from mlgraph.domain.facts import ANY_ORIGIN, FINDING_ORIGIN, Contact, Mode
from mlgraph.domain.history import EVERY_ORIGIN, AssetRecord, EdgeInterval, EdgeRecord, asset_intervals, edge_intervals
from mlgraph.domain.payloads.payload import canonical_json
from mlgraph.domain.timestamps import FOREVER, format_time
from mlgraph.domain.vocabulary import KIND_NAMES, RELATION_NAMES
from mlgraph.graph.model.rows import ALIAS_OF, INPUT_TO, OUTPUTS, RUN, RUN_OF, WORKFLOW
from mlgraph.graph.projection.histories import (
    RetractionEnds,
    WorkflowHistory,
    by_key,
    cuts_of,
    is_drop,
    key_of,
    latest_state,
    retracted,
    retraction_moments,
)
from mlgraph.ports.store import AssetRow, FactReader
from mlgraph.services.history.asserted_facts import executed_workflows, retraction_ends

_CHUNK: Final = 500
_SPOOL_BYTES: Final = 16 * 1024 * 1024

Entry = tuple[AssetRow, list[AssetRecord], list[EdgeRecord]]


def export_lines(reader: FactReader) -> Iterator[bytes]:
    """Yield the lines: assets, edges, retractions; each sorted bytewise by its keys, then by time."""
    with _spool() as edges, _spool() as retractions:
        stream = reader.stream()
        while chunk := list(islice(stream, _CHUNK)):
            exporter = _ChunkExporter(reader, chunk)
            for asset, records, outgoing in chunk:
                yield from exporter.assets(asset, records)
                edges.writelines(exporter.edges(asset, records, outgoing))
                retractions.writelines(exporter.retractions(asset, records, outgoing))
        for spool in (edges, retractions):
            spool.seek(0)
            yield from spool


def _spool() -> IO[bytes]:
    return tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES)


class _ChunkExporter:
    """Formats the facts of some assets; reads the names of the other ends, retractions and declarations at once."""

    def __init__(self, reader: FactReader, chunk: list[Entry]) -> None:
        records = [edge for _, _, outgoing in chunk for edge in outgoing]
        named = {asset for edge in records for asset in (edge.target, edge.by or 0, *(edge.feeds or ()))}
        self._reader = reader
        self._rows = {row.asset: row for row, _, _ in chunk} | reader.rows({asset for asset in named if asset})
        self._origins = {**reader.origins(), EVERY_ORIGIN: ANY_ORIGIN}
        self._contacts = reader.contacts([row.asset for row, _, _ in chunk if KIND_NAMES[row.kind] == "person"])
        self._retraction_ends = retraction_ends(reader, {asset for edge in records for asset in (edge.source, edge.target)})
        workflows = {a for edge in records for a in (edge.source, edge.target, edge.by or 0) if self._is(a, WORKFLOW)}
        self._workflows = _declarers(reader, workflows, self._retraction_ends)

    def _is(self, asset: int, kind: int) -> bool:
        return asset in self._rows and self._rows[asset].kind == kind

    def assets(self, asset: AssetRow, records: list[AssetRecord]) -> Iterator[bytes]:
        """Yield the states of one asset; those of a person with the name and mail, which are stored separately."""
        states = sorted(asset_intervals(records), key=lambda state: (self._origins[state.origin], state.start))
        contact = self._contacts.get(asset.asset)
        for interval in states:
            state = _with_contact(interval.state, contact) if contact else interval.state
            yield _line(asset_line(asset.uri, self._origins[interval.origin], interval.start, state))

    def edges(self, asset: AssetRow, records: list[AssetRecord], outgoing: list[EdgeRecord]) -> list[bytes]:
        """Return the records of the edges from one asset, with closed intervals."""
        outgoing = self._reported(outgoing)
        cuts, was_retracted = cuts_of(outgoing), any(record.mode == Mode.RETRACT for record in records)
        found: list[tuple[tuple[Any, ...], bytes]] = []
        for (triple, key), same_key in by_key(outgoing).items():
            origin, role, version, seen_by = key
            of_run = triple[1] in (INPUT_TO, OUTPUTS) and (self._is(triple[2], RUN) or self._is(triple[0], RUN))
            retains_retracted = of_run or self._is(seen_by, RUN)  # the run level retains retracted reports
            ends = retracted(cuts[triple], origin)
            if not retains_retracted:
                ends += retraction_moments(self._retraction_ends, (triple[0], triple[2]), origin) + self._undeclared(same_key)
            declared = any(record.mode == Mode.DECLARED for record in same_key)  # the latest declaration decides
            each_counts = of_run or declared or triple[1] == RUN_OF or (triple[1] == ALIAS_OF and was_retracted)  # a rename
            target, by = self._rows[triple[2]].uri, self._rows[seen_by].uri if seen_by else ""
            for interval in edge_intervals(same_key, ends, repeats=each_counts):
                properties = {
                    **interval.properties,
                    **({"role": role} if role else {}),
                    **({"version": version} if version else {}),
                }
                properties.update(_of_report(same_key, interval))
                if properties.get("drop") is False:
                    del properties["drop"]
                if by:
                    properties["by"] = by
                if interval.feeds is not None:
                    properties["from"] = sorted(self._rows[input_asset].uri for input_asset in interval.feeds)
                body = {"source": asset.uri, "relation": RELATION_NAMES[triple[1]], "target": target}
                body |= {"valid_from": format_time(interval.start)}
                body |= {} if interval.end == FOREVER else {"valid_to": format_time(interval.end)}
                edge = {**body, **({"properties": properties} if properties else {}), "origin": self._origins[origin]}
                order = (body["relation"], target, self._origins[origin], role, version, by, interval.start)
                found.append((order, _line({"edge": edge})))
        return [line for _, line in sorted(found)]

    def retractions(self, asset: AssetRow, records: list[AssetRecord], outgoing: list[EdgeRecord]) -> list[bytes]:
        """Return the retractions of one asset and of the edges from it, explicit or by omission from a declaration."""
        found: set[tuple[tuple[Any, ...], bytes]] = set()
        outgoing = self._reported(outgoing)
        for record in records:
            if record.mode == Mode.RETRACT:
                origin = self._origins[record.origin]
                retraction = {"uri": asset.uri, "valid_to": format_time(record.valid_from), "origin": origin}
                found.add((("", "", origin, record.valid_from), _line({"retract": retraction})))
        retracted_edges = [(e.triple, e.origin, e.valid_from) for e in outgoing if e.mode == Mode.RETRACT]
        groups = by_key(outgoing)
        for (triple, key), states_of in groups.items():
            omissions = [] if states_of[0].by else self._undeclared(states_of)
            if omissions and self._reported_by_runs(states_of[0]):
                others = [retraction for (of, at), retraction in groups.items() if of == triple and at[0] == key[0] and at != key]
                retracted_edges.extend((triple, key[0], moment) for moment in omissions if not self._any_valid(others, moment))
        for (_, relation, target), origin_id, moment in retracted_edges:
            origin, name, uri = self._origins[origin_id], RELATION_NAMES[relation], self._rows[target].uri
            retraction = {
                "source": asset.uri,
                "relation": name,
                "target": uri,
                "valid_to": format_time(moment),
                "origin": origin,
            }
            found.add(((name, uri, origin, moment), _line({"retract": retraction})))
        return [line for _, line in sorted(found)]

    def _reported(self, outgoing: list[EdgeRecord]) -> list[EdgeRecord]:
        """Return the edges without what the check of new assets inferred."""
        return [edge for edge in outgoing if self._origins[edge.origin] != FINDING_ORIGIN]

    def _reported_by_runs(self, edge: EdgeRecord) -> bool:
        """Return whether runs report this edge of a workflow: a declaration that omits it then ends their edges too."""
        reads = edge.relation == INPUT_TO
        owner, other = (edge.target, edge.source) if reads else (edge.source, edge.target)
        executed = executed_workflows(self._reader, {each.source for each in self._reader.edges_into([owner], [RUN_OF])})
        runs = {run for run, workflow in executed.items() if workflow == owner}
        if reads:
            reported = ((e.target, e.role) for e in self._reader.edges_from([other], [INPUT_TO]))
        else:
            reported = ((e.source, e.role) for e in self._reader.edges_into([other], [OUTPUTS]))
        return any(run in runs and role == edge.role for run, role in reported)

    def _any_valid(self, groups: Iterable[list[EdgeRecord]], moment: int) -> bool:
        """Return whether an edge of the same triple in another role or version is valid: a retraction would end it too."""
        return any(
            interval.start <= moment < interval.end
            for records in groups
            for interval in edge_intervals(records, self._undeclared(records))
        )

    def _undeclared(self, records: list[EdgeRecord]) -> list[int]:
        """Return the times of declarations that omit an edge which an earlier one listed; column edges have their own rule."""
        first = records[0]
        if first.by or not any(record.mode == Mode.DECLARED for record in records):
            return self._columns_undeclared(records) if first.by else []
        history = self._workflows.get(first.target if first.relation == INPUT_TO else first.source)
        return history.undeclared(first.origin, key_of(first)) if history else []

    def _columns_undeclared(self, records: list[EdgeRecord]) -> list[int]:
        history = self._workflows.get(records[0].by or 0)
        return history.columns_undeclared(records) if history else []


def _declarers(reader: FactReader, workflows: Iterable[int], ends_by_asset: RetractionEnds) -> dict[int, WorkflowHistory]:
    wanted = set(workflows)
    if not wanted:
        return {}
    declarations: dict[int, list[AssetRecord]] = defaultdict(list)
    for record in reader.asset_records(wanted):
        if record.mode == Mode.DECLARATION:
            declarations[record.asset].append(record)
    edges: dict[int, list[EdgeRecord]] = defaultdict(list)
    for edge in reader.edges_into(declarations.keys(), (INPUT_TO,)):
        edges[edge.target].append(edge)
    for edge in reader.edges_from(declarations.keys(), (OUTPUTS,)):
        edges[edge.source].append(edge)
    return {
        asset: WorkflowHistory(asset, (), edges[asset], declarations_of, (), ends_by_asset)
        for asset, declarations_of in declarations.items()
    }


def _of_report(records: Iterable[EdgeRecord], interval: EdgeInterval) -> dict[str, Any]:
    """Return the properties that belong to one report alone: they do not merge into those of later reports."""
    reports = [record for record in records if record.valid_from == interval.start]
    if interval.record.relation == RUN_OF:
        state = latest_state(reports)
        return {} if state is None else {"state": state}
    dropped = any(map(is_drop, reports))
    return {"drop": dropped} if dropped or "drop" in interval.properties else {}


def _with_contact(state: dict[str, Any], contact: Contact) -> dict[str, Any]:
    named = {**state, **({"name": contact.name} if contact.name else {})}
    if contact.mail:
        named["properties"] = {**state.get("properties", {}), "mail": contact.mail}
    return named


def _line(body: dict[str, Any]) -> bytes:
    return canonical_json(body).encode() + b"\n"
