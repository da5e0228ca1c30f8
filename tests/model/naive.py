"""The naive graph: answers every query by a scan of all facts. Slow on purpose."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator
from typing import Any, Literal, TypeAlias

from mlgraph.domain.facts import AssetFact, EdgeFact, EdgeRetraction, Fact
from mlgraph.domain.timestamps import FOREVER, parse_time
from mlgraph.domain.uri import AssetUri, column_uri, dataset_of_column, field_of_column
from mlgraph.domain.vocabulary import PART_RELATIONS, WALKED
from mlgraph.graph.model.claims import Alias
from tests.model.matching import matched
from tests.model.names import resolve_all
from tests.model.pairs import Level, Pairing, Pairs
from tests.model.records import Assets, Endings, Record, Triple, asserted_by, by_key, fold, key_of, spans
from tests.model.runs import Runs, is_column_lineage, is_drop, side_of
from tests.model.walk import ReportedColumns, Walk
from tests.model.workflows import Workflows

Direction: TypeAlias = Literal["upstream", "downstream", "both"]
Certainty: TypeAlias = Literal["certain", "possible"]


class NaiveGraph:
    """The graph of a set of facts. Every `valid_from` and every time of a retraction must be given."""

    def __init__(self, facts: list[Fact], endings: Endings | None = None) -> None:
        self.facts = facts = with_drops(facts)
        self.assets = Assets(facts)
        self.endings = endings or Endings(facts, self.assets)
        self.runs = Runs(facts, self.assets, self.endings)
        self.workflows = Workflows(facts, self.runs, self.endings)
        reported = [fact for fact in facts if isinstance(fact, EdgeFact)]
        self.edge_facts = [*reported, *(fact for run in self.runs.all() for fact in self.runs.implied(run))]
        """The edges that facts report, and the possible inputs of runs that only their lineage names."""
        self._records: dict[Level, list[Record]] = {}
        self._valid: dict[tuple[Level, int], list[Record]] = {}
        self._pairs: dict[tuple[AssetUri, Level, int], Pairs] = {}
        self.pairing = Pairing(self.workflows, [record for record in self.records("asset") if is_reported_column(record)])

    def edges(self, level: Level, t: int) -> set[Triple]:
        """Return the edges of walked relations that are valid at `t`."""
        return set(self.edge_origins(level, t))

    def edge_origins(self, level: Level, t: int) -> dict[Triple, set[str]]:
        """Return the edges of walked relations that are valid at `t`, each with the origins that assert it."""
        found: dict[Triple, set[str]] = {}
        for record in self.valid(level, t):
            if record.triple[1] in WALKED:
                found.setdefault(record.triple, set()).add(record.origin)
        return found

    def valid(self, level: Level, t: int) -> list[Record]:
        """Return the records of all relations that are valid at `t`; those computed of workflows have the length 1."""
        if (level, t) not in self._valid:
            now = [record for record in self.records(level) if record.is_valid(t)]
            plain = [record for record in now if not is_reported_column(record)]
            if level == "asset":
                plain += [*self.workflows.valid(t), *self.pairing.implied(t)]
            self._valid[level, t] = plain
            columns = [named for record in now if is_reported_column(record) and (named := self._counted(record, level, t))]
            self._valid[level, t] = plain + columns
        return self._valid[level, t]

    def records(self, level: Level) -> list[Record]:
        """Return every interval of every edge at this level, except the edges of workflows that are computed at a moment."""
        if level not in self._records:
            found = []
            if level == "asset":
                found += [record for record, _ in self.workflows.declared_records()]
            for key, assertions in by_key(self.edge_facts).items():
                triple, (role, _, by, origin) = (key[0], key[1], key[2]), key[3:]
                if not self._is_at_level(triple, level) or self._names_another_workflow(triple):
                    continue
                reported = level == "run" and (side_of(triple) is not None or is_column_lineage(triple, by))
                ends = self.endings.explicit(triple, origin) if reported else self.endings.all(triple, origin)
                dropped = [fact for fact in assertions if is_drop(fact) and level == "asset"]
                listed = [fact for fact in assertions if fact not in dropped]
                certain = not all(fact.properties.get("possible") for fact in assertions)
                for start, end in spans(listed, [*ends, *(asserted_by(fact.valid_from) for fact in dropped)]):
                    found.append(Record(triple, role, by, origin, start, end, certain))
            self._records[level] = found + list(self._nested_fields())
        return self._records[level]

    def _names_another_workflow(self, triple: Triple) -> bool:
        """Return whether the edge leads from a run to a workflow that it does not execute."""
        return triple[1] == "run_of" and self.runs.workflow_of(triple[0]) != triple[2]

    def _nested_fields(self) -> Iterator[Record]:
        """Yield the nested fields of the schemas that each origin reports, between any two times."""
        moments = self.boundaries()
        for dataset, origin in {(fact.uri, fact.origin) for fact in self.assets.facts if fact.uri.kind == "dataset"}:
            for start, end in zip(moments, [*moments[1:], FOREVER], strict=True):
                living = self.assets.living_facts(dataset, origin, start)
                for part, parent in nested_fields(fold(living).get("properties", {}).get("schema")) if living else ():
                    triple = (column_uri(dataset, part), "part_of", column_uri(dataset, parent))
                    yield Record(triple, "", None, origin, start, end)

    def _is_at_level(self, triple: Triple, level: Level) -> bool:
        """Return whether a level has an edge: runs' are run level, those of runs without a workflow both."""
        place = side_of(triple)
        if place is None:
            return True
        node = place[1]
        return node.kind == "run" and (level == "run" or self.runs.workflow_of(node) is None)

    def _counted(self, record: Record, level: Level, t: int) -> Record | None:
        """Return the column edge between the datasets that it means, if its reporter decides and feeds the output; else None."""
        owner, source, output = self._owner(record, level, t)
        if owner is None or source is None or output is None or (source, output) not in self.pairs(owner, level, t):
            return None
        column = column_uri(source, field_of_column(record.triple[0]))
        return dataclasses.replace(record, triple=(column, *record.triple[1:]))

    def _owner(self, record: Record, level: Level, t: int) -> tuple[AssetUri | None, AssetUri | None, AssetUri | None]:
        """Return the run or workflow to which a column edge belongs at `t` (None: to no one), its input and its output."""
        name, output = dataset_of_column(record.triple[0]), dataset_of_column(record.triple[2])
        if record.by is None or name is None or output is None:
            return None, None, None
        by = AssetUri.parse(record.by)
        if by.kind == "workflow":
            declared = self.pairing.declared_at(by, t) if level == "asset" else None
            if declared is None or not self.pairing.decides(by, by, output, t) or name not in declared.named.get(output, ()):
                return None, None, None
            return by, matched(name, declared.matching) or name, output
        source = matched(name, self.runs.inputs(by)) or name
        workflow = self.runs.workflow_of(by)
        if level == "run" or workflow is None:
            return by, source, output
        return (workflow, source, output) if self.pairing.decides(workflow, by, output, t) else (None, None, None)

    def pairs(self, node: AssetUri, level: Level, t: int) -> Pairs:
        """Return the pairs (input, output) of a run or workflow at `t`, each with whether it is certain."""
        if (node, level, t) not in self._pairs:
            of_node = self.pairing.of_workflow if node.kind == "workflow" else self.pairing.of_run
            self._pairs[node, level, t] = of_node(node, t, self.valid(level, t))
        return self._pairs[node, level, t]

    def lineage(
        self,
        root: AssetUri,
        direction: Direction,
        level: Level,
        t: int,
        depth: int | None = None,
        hidden: Collection[AssetUri] = (),
    ) -> dict[AssetUri, tuple[int, Certainty]]:
        """Return the assets reached from `root`, with distance and certainty; the root itself is at 0."""
        reached: dict[AssetUri, tuple[int, bool]] = {}
        for one in ("upstream", "downstream") if direction == "both" else (direction,):
            walk = self.walk(level, t, downstream=one == "downstream", hidden=hidden)
            for uri, (distance, certain) in walk.reached_from(root).items():
                before = reached.get(uri, (distance, certain))
                reached[uri] = (min(distance, before[0]), certain or before[1])
        return {
            uri: (distance, "certain" if certain else "possible")
            for uri, (distance, certain) in reached.items()
            if depth is None or distance <= depth
        }

    def walk(self, level: Level, t: int, *, downstream: bool, hidden: Collection[AssetUri] = ()) -> Walk:
        """Return the walk over the records valid at `t`."""
        return Walk(
            self.valid(level, t),
            lambda node: self.pairs(node, level, t),
            self._reported_columns(level, t),
            downstream=downstream,
            hidden=hidden,
            possible=self.possible(t),
            claims=self.claims(level, t),
            known=self.uris(),
        )

    def possible(self, t: int) -> set[Record]:
        """Return the records that are valid at `t` but not certain; those of runs and workflows depend on pairs instead."""
        del t
        return set()

    def claims(self, level: Level, t: int) -> dict[AssetUri, set[AssetUri]]:
        """Return the claimants of each ambiguous name, in a history in which every name has either no alias or several."""
        uris = sorted(self.uris())
        reported = [
            Alias(uris.index(record.triple[0]), uris.index(record.triple[2]), t, FOREVER, int(record.origin == "facts"))
            for record in self.valid(level, t)
            if record.triple[1] == "alias_of" and record.triple[0].kind not in ("run", "workflow")
        ]
        resolved = resolve_all(reported, range(len(uris)), lambda number: str(uris[number]), t) if reported else {}
        return {uris[name]: {uris[end] for end in found.ends} for name, found in resolved.items() if found.ambiguous}

    def _reported_columns(self, level: Level, t: int) -> set[ReportedColumns]:
        """Return the (run or workflow, input, output) between whose columns there is lineage."""
        counted = [record for record in self.records(level) if is_reported_column(record) and record.is_valid(t)]
        owners = [self._owner(record, level, t) for record in counted if self._counted(record, level, t)]
        return {(owner, source, output) for owner, source, output in owners if owner is not None}

    def part_edges(self, t: int) -> set[Triple]:
        """Return the edges from parts to parents that are valid at `t`."""
        return {record.triple for record in self.valid("asset", t) if record.triple[1] in PART_RELATIONS}

    def asset_state(self, uri: AssetUri, t: int) -> tuple[dict[str, Any] | None, int | None]:
        """Return the merged state at `t`, or None and the time of the deletion."""
        return self.assets.state(uri, t)

    def is_deleted(self, uri: AssetUri, t: int) -> bool:
        """Return whether the asset is deleted at `t`; at asset level this marks a run that was deleted and stands for itself."""
        return self.asset_state(uri, t)[1] is not None

    def uris(self) -> set[AssetUri]:
        """Return every asset that any fact names, the fields of schemas included, or that lineage means by a name of another."""
        found = set()
        for fact in (*self.facts, *self.edge_facts):
            if isinstance(fact, EdgeFact | EdgeRetraction):
                found |= {fact.source, fact.target}
            else:
                found.add(fact.uri)
            if isinstance(fact, AssetFact) and fact.uri.kind == "dataset":
                schema = fact.state.get("properties", {}).get("schema")
                found |= {column_uri(fact.uri, ".".join(path)) for path, _ in fields_with_paths(schema)}
        for record in filter(is_reported_column, self.records("run")):
            name, by = dataset_of_column(record.triple[0]), AssetUri.parse(record.by or "")
            meant = matched(name, self.runs.inputs(by)) if name else None
            found |= {column_uri(meant, field_of_column(record.triple[0]))} if meant else set()
        for t in self.boundaries():
            found |= {record.triple[0] for record in self.pairing.implied(t)}
            found |= {record.triple[0] for record in self.valid("asset", t) if is_reported_column(record)}
        return found

    def boundaries(self) -> list[int]:
        """Return every time that any fact names: nothing can change between two of them."""
        found = set()
        for fact in self.facts:
            found |= {getattr(fact, "valid_from", None), getattr(fact, "valid_to", None)}
            if isinstance(fact, AssetFact) and fact.uri.kind == "run":
                ended_at = fact.state.get("properties", {}).get("ended_at")
                found.add(parse_time(ended_at) if ended_at else None)
        return sorted(moment for moment in found if moment is not None and moment != FOREVER)


def fields_with_paths(schema: Any) -> list[tuple[list[str], dict[str, Any]]]:
    """Return all fields of a schema, nested ones included, with the names on the path to each."""
    fields = [([str(field["name"])], field) for field in schema or []]
    for path, field in fields:  # grows during the loop
        fields += [([*path, str(nested["name"])], nested) for nested in field.get("fields", [])]
    return fields


def nested_fields(schema: Any) -> set[tuple[str, str]]:
    """Return the fields that are parts of others, by their paths, with those.

    These are the nested fields; if there are none, those whose name is a path to them.
    """
    fields = fields_with_paths(schema)
    if any(len(path) > 1 for path, _ in fields):
        return {(".".join(path), ".".join(path[:-1])) for path, _ in fields if len(path) > 1}
    names = {name for (name,), _ in fields}
    beginnings = {name: [other for other in names if name.startswith(f"{other}.")] for name in names}
    return {(name, max(others, key=len)) for name, others in beginnings.items() if others}


def with_drops(facts: list[Fact]) -> list[Fact]:
    """Return the facts, where one that reports a drop marks all facts of the same edge and moment."""
    dropped = {(key_of(fact), fact.valid_from) for fact in facts if isinstance(fact, EdgeFact) and is_drop(fact)}
    return [
        fact._replace(properties={**fact.properties, "drop": True})
        if isinstance(fact, EdgeFact) and (key_of(fact), fact.valid_from) in dropped
        else fact
        for fact in facts
    ]


def is_reported_column(record: Record) -> bool:
    """Return whether the record is column lineage that a run or workflow reported."""
    return is_column_lineage(record.triple, record.by)
