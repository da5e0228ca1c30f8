"""Loading run and workflow histories: all records that the rows of a run or workflow are computed from."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import chain
from typing import Final

from mlgraph.domain.facts import Mode
from mlgraph.domain.history import AssetRecord, EdgeRecord
from mlgraph.graph.csr.asset_index import AssetIndex
from mlgraph.graph.model.aliases import NO_ALIASES, Aliases
from mlgraph.graph.model.rows import INPUT_TO, OUTPUTS, RUN_OF
from mlgraph.graph.projection.histories import RetractionEnds, RunHistory, WorkflowHistory, triple_intervals
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
        self._cache: OrderedDict[int, tuple[RunHistory, bool]] = OrderedDict()

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

    def runs(self, runs: Collection[int]) -> dict[int, tuple[RunHistory, bool]]:
        """Return the histories of `runs`, and whether each belongs to a workflow."""
        found = {run: known for run in runs if (known := self._cache.get(run)) is not None}
        for chunk in chunks(run for run in runs if run not in found):
            found.update(self._load(chunk))
        self._cache.update(found)
        while len(self._cache) > CACHED_RUNS:
            self._cache.popitem(last=False)
        return found

    def _load(self, runs: Collection[int]) -> dict[int, tuple[RunHistory, bool]]:
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
        members = memberships(own_records.memberships, self.retraction_ends)
        asserted = chain(*edges.values(), *columns.values())
        ends_by_asset = self.retraction_ends(_ends(asserted))
        return {
            run: (
                RunHistory(run, self._registry.uri(run), states[run], edges[run], columns[run], ends_by_asset),
                bool(members.get(run)),
            )
            for run in runs
        }

    def workflows(self, workflows: Collection[int]) -> Iterator[WorkflowHistory]:
        """Yield the histories of `workflows`, each with all of its runs."""
        members = memberships(self.reader.edges_into(workflows, (RUN_OF,)), self.retraction_ends)
        runs = self.runs(members)
        own: dict[int, list[RunHistory]] = defaultdict(list)
        for run, of in members.items():
            for workflow in of:
                own[workflow].append(runs[run][0])
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
            workflow: _ends(chain(chain.from_iterable(run.edges for run in own[workflow]), declared[workflow], columns[workflow]))
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


def memberships(records: Iterable[EdgeRecord], retraction_ends: Callable[[set[int]], RetractionEnds]) -> dict[int, set[int]]:
    """Return the workflows of each run: those with a `run_of` edge that is valid at any time."""
    grouped: dict[Triple, list[EdgeRecord]] = defaultdict(list)
    for record in records:
        grouped[record.triple].append(record)
    found: dict[int, set[int]] = defaultdict(set)
    ends_by_asset = retraction_ends({asset for source, _, target in grouped for asset in (source, target)})
    for (run, _, workflow), own_records in grouped.items():
        if any(triple_intervals(own_records, ends_by_asset)):
            found[run].add(workflow)
    return found


def _ends(edges: Iterable[EdgeRecord]) -> set[int]:
    return {asset for edge in edges for asset in (edge.source, edge.target)}
