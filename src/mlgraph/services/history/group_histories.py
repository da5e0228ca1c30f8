"""Loading run and workflow histories: all records that the rows of a run or workflow are computed from."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from typing import Final

from mlgraph.domain.facts import Mode
from mlgraph.domain.history import AssetRecord, EdgeRecord
from mlgraph.graph.csr.asset_index import AssetIndex
from mlgraph.graph.model.aliases import NO_ALIASES, Aliases
from mlgraph.graph.model.rows import INPUT_TO, OUTPUTS, RUN_OF
from mlgraph.graph.projection.histories import RetractionEnds, RunHistory, WorkflowHistory, executed_workflow
from mlgraph.ports.store import GroupReader
from mlgraph.services.common.chunks import chunks
from mlgraph.services.history.asserted_facts import retraction_ends

CACHED_RUNS: Final = 4_000

Triple = tuple[int, int, int]


class Histories:
    """Loads histories. Run histories are cached until the run changes: few of the many runs of a workflow do."""

    def __init__(self, reader: GroupReader, asset_index: AssetIndex, aliases: Aliases = NO_ALIASES) -> None:
        self.reader = reader
        self._registry = asset_index
        self.aliases = aliases
        self._cache: OrderedDict[int, RunHistory] = OrderedDict()

    def adopt_caches(self, other: Histories) -> None:
        """Share the cache of `other`."""
        self._cache = other._cache

    def invalidate(self, runs: Iterable[int]) -> None:
        """Drop `runs` from the cache: there are new facts about them, or about their inputs and outputs."""
        for run in runs:
            self._cache.pop(run, None)

    def retraction_ends(self, assets: Collection[int]) -> RetractionEnds:
        """Return when retractions of these assets end their edges."""
        return retraction_ends(self.reader, assets, self.aliases)

    def runs(self, runs: Collection[int]) -> dict[int, RunHistory]:
        """Return the histories of `runs`."""
        found = {run: known for run in runs if (known := self._cache.get(run)) is not None}
        for chunk in chunks(run for run in runs if run not in found):
            found.update(self._load(chunk))
        self._cache.update(found)
        while len(self._cache) > CACHED_RUNS:
            self._cache.popitem(last=False)
        return found

    def _load(self, runs: Collection[int]) -> dict[int, RunHistory]:
        own_records = self.reader.runs(runs)
        edges: dict[int, list[EdgeRecord]] = defaultdict(list)
        for edge in own_records.reads:
            edges[edge.target].append(edge)
        for edge in own_records.writes:
            edges[edge.source].append(edge)
        columns = self._with_retractions(own_records.columns)
        states: dict[int, list[AssetRecord]] = defaultdict(list)
        for record in own_records.states:
            states[record.asset].append(record)
        executed = self.executed(own_records.memberships)
        asserted = chain(*edges.values(), *columns.values())
        ends_by_asset = self.retraction_ends(self._ends(asserted))
        uri = self._registry.uri
        return {
            run: RunHistory(run, uri(run), states[run], edges[run], columns[run], ends_by_asset, executed.get(run))
            for run in runs
        }

    def executed(self, memberships: Iterable[EdgeRecord]) -> dict[int, int | None]:
        """Return the workflow that each run executes, given all of its `run_of` records."""
        by_run: dict[int, list[EdgeRecord]] = defaultdict(list)
        for record in memberships:
            by_run[record.source].append(record)
        return {run: executed_workflow(records, self._registry.uri) for run, records in by_run.items()}

    def workflows(self, workflows: Collection[int]) -> Iterator[WorkflowHistory]:
        """Yield the histories of `workflows`, each with all of its runs."""
        named = self.reader.edges_into(workflows, (RUN_OF,))
        own: dict[int, list[RunHistory]] = defaultdict(list)
        for history in self.runs({record.source: None for record in named}).values():
            if history.workflow is not None:
                own[history.workflow].append(history)
        declared: dict[int, list[EdgeRecord]] = defaultdict(list)
        for edge in self.reader.edges_into(workflows, (INPUT_TO,)):
            declared[edge.target].append(edge)
        for edge in self.reader.edges_from(workflows, (OUTPUTS,)):
            declared[edge.source].append(edge)
        columns = self._columns(workflows)
        declarations: dict[int, list[AssetRecord]] = defaultdict(list)
        for record in self.reader.declarations(workflows):
            declarations[record.asset].append(record)
        ends = {
            workflow: self._ends(
                chain(
                    chain.from_iterable(records for run in own[workflow] for records in (run.edges, run.columns)),
                    declared[workflow],
                    columns[workflow],
                )
            )
            for workflow in workflows
        }
        ends_by_asset = self.retraction_ends({*workflows, *chain.from_iterable(ends.values())})
        for workflow in workflows:
            relevant_ends = (
                {asset: ends_by_asset[asset] for asset in (workflow, *ends[workflow]) if asset in ends_by_asset}
                if ends_by_asset
                else ends_by_asset
            )
            yield WorkflowHistory(
                workflow, own[workflow], declared[workflow], declarations[workflow], columns[workflow], relevant_ends
            )

    def _columns(self, owners: Collection[int]) -> dict[int, list[EdgeRecord]]:
        """Return the column edges that each of these runs and workflows reported, with their retractions."""
        return self._with_retractions(self.reader.columns_seen_by(owners))

    def _with_retractions(self, seen: Iterable[EdgeRecord]) -> dict[int, list[EdgeRecord]]:
        columns: dict[int, list[EdgeRecord]] = defaultdict(list)
        seen_by: dict[Triple, set[int]] = defaultdict(set)
        for edge in seen:
            if edge.by is not None:
                columns[edge.by].append(edge)
                seen_by[edge.triple].add(edge.by)
        for edge in self.reader.edges(seen_by):
            if edge.mode == Mode.RETRACT:
                for owner in seen_by[edge.triple]:
                    columns[owner].append(edge)
        return columns

    def _ends(self, edges: Iterable[EdgeRecord]) -> set[int]:
        """Return the ends of these edges, and the datasets that lineage among them names."""
        found: set[int] = set()
        for edge in edges:
            found.update((edge.source, edge.target), edge.feeds or ())
            if edge.by is not None:
                found.add(self._registry.dataset_of(edge.source))
        found.discard(0)
        return found
