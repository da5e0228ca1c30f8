"""The naive graph: answers every query by a scan of all facts. Slow on purpose."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any, Literal, TypeAlias

from mlgraph.domain.facts import AssetFact, EdgeFact, EdgeRetraction, Fact
from mlgraph.domain.timestamps import FOREVER, parse_time
from mlgraph.domain.uri import AssetUri, column_uri, dataset_of_column
from mlgraph.domain.vocabulary import PART_RELATIONS, WALKED
from mlgraph.graph.model.claims import Alias
from tests.model.names import resolve_all
from tests.model.pairs import Level, Pairing, Pairs, inputs_of, outputs_of
from tests.model.records import Assets, Endings, Record, Triple, by_key, fold, spans
from tests.model.walk import ReportedColumns, Walk
from tests.model.workflows import Runs, Workflows, side_of

Direction: TypeAlias = Literal["upstream", "downstream", "both"]
Certainty: TypeAlias = Literal["certain", "possible"]


class NaiveGraph:
    """The graph of a set of facts. Every `valid_from` and every time of a retraction must be given."""

    def __init__(self, facts: list[Fact], endings: Endings | None = None) -> None:
        self.facts = facts
        self.assets = Assets(facts)
        self.endings = endings or Endings(facts, self.assets)
        self.runs = Runs(facts, self.assets, self.endings)
        self.workflows = Workflows(facts, self.runs, self.endings)
        self.pairing = Pairing(facts, self.workflows)
        self.edge_facts = [fact for fact in facts if isinstance(fact, EdgeFact)]
        self._records: dict[Level, list[Record]] = {}
        self._valid: dict[tuple[Level, int], list[Record]] = {}

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
        """Return the records of all relations that are valid at `t`."""
        if (level, t) not in self._valid:
            now = [record for record in self.records(level) if record.is_valid(t)]
            plain = [record for record in now if not is_column_lineage(record.triple, record.by)]
            columns = [record for record in now if is_column_lineage(record.triple, record.by)]
            counted = [record for record in columns if self._column_owners(record, level, t, plain)]
            self._valid[level, t] = plain + counted
        return self._valid[level, t]

    def records(self, level: Level) -> list[Record]:
        """Return every interval of every edge at this level."""
        if level not in self._records:
            found = self.workflows.records() if level == "asset" else []
            for key, assertions in by_key(self.edge_facts).items():
                triple, (role, _, by, origin) = (key[0], key[1], key[2]), key[3:]
                if not self._is_at_level(triple, level):
                    continue
                reported = level == "run" and (side_of(triple) is not None or is_column_lineage(triple, by))
                ends = self.endings.explicit if reported else self.endings.all
                gone = self.workflows.declared_gone(triple, role, origin)
                for start, end in spans(assertions, ends(triple, origin), gone):
                    found.append(Record(triple, role, by, origin, start, end))
            self._records[level] = found + list(self._nested_fields())
        return self._records[level]

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
        """Return whether a level has an edge: runs' are run level, workflows' asset level, those of other runs both."""
        place = side_of(triple)
        if place is None:
            return True
        node = place[1]
        if level == "run":
            return node.kind == "run"
        return node.kind == "workflow" or not self.runs.workflows_of(node)

    def _column_owners(self, record: Record, level: Level, t: int, plain: list[Record]) -> set[AssetUri]:
        """Return the run or workflows to which a column edge belongs: both datasets are theirs, and the run decides."""
        source, output = dataset_of_column(record.triple[0]), dataset_of_column(record.triple[2])
        if record.by is None or source is None or output is None:
            return set()
        run = AssetUri.parse(record.by)
        workflows = self.runs.workflows_of(run)
        if level == "run" or not workflows:
            return {run} if source in inputs_of(run, plain) and output in outputs_of(run, plain) else set()
        return {
            workflow
            for workflow in workflows
            if source in self.pairing.reported(run, t)[0]
            and source in inputs_of(workflow, plain)
            and output in outputs_of(workflow, plain)
            and (self.pairing.decider(workflow, output, t, plain) or (None,))[0] == run
        }

    def pairs(self, node: AssetUri, level: Level, t: int) -> Pairs:
        """Return the pairs (input, output) of a run or workflow at `t`, each with whether it is certain."""
        valid = self.valid(level, t)
        if node.kind == "workflow":
            return self.pairing.of_workflow(node, t, valid)
        return self.pairing.of_run(node, inputs_of(node, valid), outputs_of(node, valid), t)

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
            self._cached_pairs(level, t),
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

    def _cached_pairs(self, level: Level, t: int) -> Callable[[AssetUri], Pairs]:
        known: dict[AssetUri, Pairs] = {}

        def pairs_of(node: AssetUri) -> Pairs:
            if node not in known:
                known[node] = self.pairs(node, level, t)
            return known[node]

        return pairs_of

    def _reported_columns(self, level: Level, t: int) -> set[ReportedColumns]:
        """Return the (run or workflow, input, output) between whose columns there is lineage."""
        plain = [record for record in self.valid(level, t) if not is_column_lineage(record.triple, record.by)]
        return {
            (owner, dataset_of_column(record.triple[0]), dataset_of_column(record.triple[2]))
            for record in self.valid(level, t)
            if is_column_lineage(record.triple, record.by)
            for owner in self._column_owners(record, level, t, plain)
        }

    def part_edges(self, t: int) -> set[Triple]:
        """Return the edges from parts to parents that are valid at `t`."""
        return {record.triple for record in self.valid("asset", t) if record.triple[1] in PART_RELATIONS}

    def asset_state(self, uri: AssetUri, t: int) -> tuple[dict[str, Any] | None, int | None]:
        """Return the merged state at `t`, or None and the time of the deletion."""
        return self.assets.state(uri, t)

    def uris(self) -> set[AssetUri]:
        """Return every asset that any fact names, the fields of schemas included."""
        found = set()
        for fact in self.facts:
            if isinstance(fact, EdgeFact | EdgeRetraction):
                found |= {fact.source, fact.target}
            else:
                found.add(fact.uri)
            if isinstance(fact, AssetFact) and fact.uri.kind == "dataset":
                schema = fact.state.get("properties", {}).get("schema")
                found |= {column_uri(fact.uri, ".".join(path)) for path, _ in fields_with_paths(schema)}
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


def is_column_lineage(triple: Triple, by: str | None) -> bool:
    """Return whether the edge is column lineage that a run reported."""
    source, relation, target = triple
    return relation == "derives" and source.kind == target.kind == "column" and by is not None
