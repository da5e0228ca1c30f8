"""A fact store in memory, for property tests with thousands of histories; the PostgreSQL store passes the same suite."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlgraph.domain.facts import CURATION, AssetFact, AssetRetraction, Contact, Declaration, EdgeFact, EdgeRetraction, Fact, Mode
from mlgraph.domain.history import CURATED_ORIGIN, EVERY_ORIGIN, AssetRecord, EdgeRecord
from mlgraph.domain.naming.name_matching import NameMatcher
from mlgraph.domain.payloads.schema_fields import field_paths
from mlgraph.domain.timestamps import FOREVER
from mlgraph.domain.uri import AssetUri, column_uri, dataset_of_column, field_of_column
from mlgraph.domain.vocabulary import INPUT_ROLES, KINDS, RELATIONS
from mlgraph.ports.store import AppendedRecords, AssetRow, BoundaryChanges, Changes, EdgeStep, EdgeTable, Provenance, RunRecords


class MemoryStore:
    """Facts with explicit times, appended batch by batch."""

    def __init__(self) -> None:
        self.assets_by_uri: dict[str, AssetRow] = {}
        self.asset_facts: list[AssetRecord] = []
        self.edge_facts: list[EdgeRecord] = []
        self.names: dict[str, int] = {"*": EVERY_ORIGIN, CURATION: CURATED_ORIGIN}
        self.first_tx: dict[int, int] = {}
        self.tx = 0

    def append(self, facts: Sequence[Fact]) -> None:
        self.tx += 1
        for fact in facts:
            match fact:
                case AssetFact():
                    self._append_state(fact.uri, fact.origin, fact.valid_from, fact.mode, dict(fact.state))
                case AssetRetraction():
                    self._append_state(fact.uri, fact.origin, fact.valid_to, Mode.RETRACT, {})
                case Declaration():
                    self._append_state(fact.uri, fact.origin, fact.valid_from, Mode.DECLARATION, {"sides": list(fact.sides)})
                case EdgeFact() | EdgeRetraction():
                    self.edge_facts.append(self._edge(fact))
        self._number_meant_columns()

    def _number_meant_columns(self) -> None:
        """Number the columns of inputs that column lineage means by other names, as the writer of PostgreSQL does."""
        for column in meant_columns({row.asset: row for row in self.assets_by_uri.values()}, self.edge_facts):
            self._id(column)

    def _append_state(self, uri: AssetUri, origin: str, moment: int | None, mode: Mode, state: dict[str, Any]) -> None:
        assert moment is not None
        self.asset_facts.append(AssetRecord(self._id(uri), self._origin(origin), moment, mode, state, self.tx))
        for path in field_paths(state.get("properties", {}).get("schema")) if uri.kind == "dataset" else ():
            self._id(column_uri(uri, path))
        for owner in state.get("owners", ()):
            self._id(AssetUri.parse(owner))

    def _edge(self, fact: EdgeFact | EdgeRetraction) -> EdgeRecord:
        ends = (self._id(fact.source), RELATIONS[fact.relation].code, self._id(fact.target))
        origin = self._origin(fact.origin)
        if isinstance(fact, EdgeRetraction):
            assert fact.valid_to is not None
            return EdgeRecord(*ends, origin, fact.valid_to, FOREVER, Mode.RETRACT, tx=self.tx)
        assert fact.valid_from is not None
        properties, by, feeds = fact.properties, fact.seen_by, fact.properties.get("from")
        role, version = properties.get("role"), properties.get("version")
        return EdgeRecord(
            *ends,
            origin,
            fact.valid_from,
            FOREVER if fact.valid_to is None else fact.valid_to,
            fact.mode,
            role,
            version,
            None if by is None else self._id(AssetUri.parse(by)),
            None if feeds is None else frozenset(self._id(AssetUri.parse(uri)) for uri in feeds),
            fact.other_properties,
            self.tx,
        )

    def _id(self, uri: AssetUri) -> int:
        text = str(uri)
        if text not in self.assets_by_uri:
            dataset = dataset_of_column(uri) if uri.kind == "column" else None
            owner = self._id(dataset) if dataset else 0
            number = len(self.assets_by_uri) + 1
            self.assets_by_uri[text] = AssetRow(number, text, KINDS[uri.kind].code, owner)
            self.first_tx[number] = self.tx
        return self.assets_by_uri[text].asset

    def _origin(self, name: str) -> int:
        return self.names.setdefault(name, len(self.names))

    def session(self) -> AbstractContextManager[None]:
        return nullcontext()

    def at(self, tx: int) -> MemoryStore:
        earlier = MemoryStore()
        earlier.assets_by_uri, earlier.names, earlier.first_tx = self.assets_by_uri, self.names, self.first_tx
        earlier.tx = min(tx, self.tx)
        earlier.asset_facts = [record for record in self.asset_facts if record.tx <= tx]
        earlier.edge_facts = [record for record in self.edge_facts if record.tx <= tx]
        return earlier

    def last_tx(self) -> int:
        return self.tx

    def changes(self, after: int, limit: int) -> Changes:
        upto = min(self.tx, after + limit)
        changes = Changes(upto)
        changes.assets = [row for row in self.assets_by_uri.values() if after < self.first_tx[row.asset] <= upto]
        reported = [record for record in self.asset_facts if after < record.tx <= upto]
        changes.asserted = {record.asset for record in reported}
        changes.declared = {record.asset for record in reported if record.mode in (Mode.RETRACT, Mode.DECLARATION)}
        for record in self.edge_facts:
            if after < record.tx <= upto:
                if record.by is None:
                    changes.edges.add(record.triple)
                else:
                    changes.seen_by.add(record.by)
        return changes

    def appended_between(self, after: int, upto: int) -> AppendedRecords:
        """Return the records of transactions after `after`, as the commit feed delivers them."""
        return AppendedRecords(
            [row for row in self.assets_by_uri.values() if after < self.first_tx[row.asset] <= upto],
            [record for record in self.edge_facts if after < record.tx <= upto],
            [record for record in self.asset_facts if after < record.tx <= upto],
        )

    def pending(self, after: int, most: int) -> int:
        return min(most, sum(record.tx > after for record in self.edge_facts))

    def edges(self, triples: Collection[tuple[int, int, int]]) -> list[EdgeRecord]:
        wanted = set(triples)
        return [record for record in self.edge_facts if record.triple in wanted and record.by is None]

    def edges_into(self, targets: Collection[int], relations: Collection[int]) -> list[EdgeRecord]:
        return [record for record in self.edge_facts if record.target in targets and record.relation in relations]

    def edges_from(self, sources: Collection[int], relations: Collection[int]) -> list[EdgeRecord]:
        return [record for record in self.edge_facts if record.source in sources and record.relation in relations]

    def runs_since(self, workflows: Collection[int], moment: int) -> set[int]:
        del moment  # returns all runs: the port permits more than requested
        code = RELATIONS["run_of"].code
        return {record.source for record in self.edge_facts if record.relation == code and record.target in workflows}

    def runs(self, runs: Collection[int]) -> RunRecords:
        codes = [RELATIONS[name].code for name in ("input_to", "outputs", "run_of")]
        return RunRecords(
            self.edges_into(runs, codes[:1]),
            self.edges_from(runs, codes[1:2]),
            self.columns_seen_by(runs),
            self.asset_records(runs),
            self.edges_from(runs, codes[2:]),
        )

    def alias_records(self) -> list[EdgeRecord]:
        return [record for record in self.edge_facts if record.relation == RELATIONS["alias_of"].code]

    def columns_seen_by(self, owners: Collection[int]) -> list[EdgeRecord]:
        return [record for record in self.edge_facts if record.by in owners]

    def asset_records(self, assets: Collection[int]) -> list[AssetRecord]:
        return [record for record in self.asset_facts if record.asset in assets]

    def asset_records_in(self, assets: Collection[int], after: int, upto: int) -> list[AssetRecord]:
        return [record for record in self.asset_records(assets) if after < record.tx <= upto]

    def steps(self, assets: Collection[int], step: EdgeStep, most: int) -> list[EdgeRecord]:
        kinds = {row.asset: row.kind for row in self.assets_by_uri.values()}

        def far_end(each: EdgeStep, record: EdgeRecord, assets: Collection[int]) -> int | None:
            near, far = (record.source, record.target) if each.forward else (record.target, record.source)
            matches = near in assets and record.relation == each.relation and record.by is None and kinds[far] in each.kinds
            return far if matches else None

        found = []
        for record in self.edge_facts:
            far = far_end(step, record, assets)
            if far is not None and (step.then is None or any(far_end(step.then, other, [far]) for other in self.edge_facts)):
                found.append(record)
        return found[:most]

    def owned(self, owners: Collection[int], most: int) -> list[int]:
        named = {uri for uri, row in self.assets_by_uri.items() if row.asset in owners}
        return sorted({r.asset for r in self.asset_facts if named & set(r.state.get("owners", ()))})[:most]

    def boundary_changes(self, after: int, upto: int) -> BoundaryChanges:
        edges = [e for e in self.edge_facts if after < e.valid_from <= upto or after < e.valid_to <= upto]
        states = [record for record in self.asset_facts if after < record.valid_from <= upto]
        return BoundaryChanges(
            {edge.triple for edge in edges},
            {edge.by for edge in edges if edge.by is not None},
            {record.asset for record in states},
            {record.asset for record in states if record.mode == Mode.RETRACT},
        )

    def declarations(self, workflows: Collection[int]) -> list[AssetRecord]:
        return [record for record in self.asset_records(workflows) if record.mode == Mode.DECLARATION]

    def stamp(self, tx: int) -> str | None:
        return f"memory {tx}" if tx <= self.tx else None

    def all_retracted(self) -> NDArray[np.int32]:
        return np.array(sorted(self.retracted([row.asset for row in self.assets_by_uri.values()])), np.int32)

    def assets(self) -> Iterator[list[AssetRow]]:
        rows = [row for row in self.assets_by_uri.values() if self.first_tx[row.asset] <= self.tx]
        yield sorted(rows, key=lambda row: row.asset)

    def records_between(self, low: int, high: int) -> list[AssetRecord]:
        return [record for record in self.asset_facts if low <= record.asset < high]

    def edge_table(self, low: int, high: int, relations: Collection[int]) -> EdgeTable:
        chosen = [e for e in self.edge_facts if low <= e.source < high and e.relation in relations and e.by is None]
        roles = {"": 0, **{role: number for number, role in enumerate(INPUT_ROLES, 1)}}
        return EdgeTable(
            np.array([e.source for e in chosen], np.int32),
            np.array([e.relation for e in chosen], np.int16),
            np.array([e.target for e in chosen], np.int32),
            np.array([e.origin for e in chosen], np.int16),
            np.array([e.mode for e in chosen], np.int16),
            np.array([roles.get(e.role or "", -1) for e in chosen], np.int16),
            np.array([e.valid_from for e in chosen], np.int64),
            np.array([e.valid_to for e in chosen], np.int64),
        )

    def retracted(self, assets: Collection[int]) -> set[int]:
        return {record.asset for record in self.asset_facts if record.asset in assets and record.mode == Mode.RETRACT}

    def neighbours(self, asset: int) -> list[tuple[int, int, int]]:
        return list({record.triple for record in self.edge_facts if asset in (record.source, record.target)})

    def ids(self, uris: Collection[str]) -> dict[str, int]:
        return {uri: self.assets_by_uri[uri].asset for uri in uris if uri in self.assets_by_uri}

    def rows(self, assets: Collection[int]) -> dict[int, AssetRow]:
        return {row.asset: row for row in self.assets_by_uri.values() if row.asset in assets}

    def origins(self) -> Mapping[int, str]:
        return {number: name for name, number in self.names.items()}

    def contacts(self, assets: Collection[int]) -> dict[int, Contact]:
        del assets
        return {}

    def provenance(self, txs: Collection[int]) -> dict[int, Provenance]:
        return {tx: Provenance(tx, 0, "test", None, None) for tx in txs}

    def events(self, numbers: Collection[int]) -> dict[int, str]:
        del numbers
        return {}

    def stream(self) -> Iterator[tuple[AssetRow, list[AssetRecord], list[EdgeRecord]]]:
        leading: dict[int, list[EdgeRecord]] = defaultdict(list)
        for edge in self.edge_facts:
            leading[edge.source].append(edge)
        reported: dict[int, list[AssetRecord]] = defaultdict(list)
        for record in self.asset_facts:
            reported[record.asset].append(record)
        for uri in sorted(self.assets_by_uri):
            row = self.assets_by_uri[uri]
            yield row, reported[row.asset], leading[row.asset]


def meant_columns(rows: Mapping[int, AssetRow], edges: Sequence[EdgeRecord]) -> list[AssetUri]:
    """Return the columns of the inputs of runs that their column lineage means by names of other datasets."""
    found, columns = [], [edge for edge in edges if edge.by is not None and rows[edge.source].dataset]
    inputs: dict[int, set[AssetUri]] = defaultdict(set)
    for edge in edges:
        if edge.relation == RELATIONS["input_to"].code and edge.mode != Mode.RETRACT:
            inputs[edge.target].add(AssetUri.parse(rows[edge.source].uri))
    for edge in columns:
        meant = NameMatcher(inputs[edge.by or 0]).match(AssetUri.parse(rows[rows[edge.source].dataset].uri))
        if meant is not None:
            found.append(column_uri(meant, field_of_column(AssetUri.parse(rows[edge.source].uri))))
    return found
