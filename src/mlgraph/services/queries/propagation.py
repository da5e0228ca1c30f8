"""Propagation of a change: which workflows have rebuilt since, and which assets are old (docs/propagation.md)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, TypeVar

import numpy as np

from mlgraph.domain import deadlines
from mlgraph.domain.history import AssetRecord, EdgeRecord, RunOutcome, asset_intervals, run_outcome, run_start, state_at
from mlgraph.domain.timestamps import format_time
from mlgraph.domain.vocabulary import KIND_NAMES, KINDS
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import INPUT_TO, MODEL, MODEL_VERSION, RUN, VERSION_OF, Layer
from mlgraph.graph.projection.build import run_feeds
from mlgraph.graph.projection.histories import RunHistory
from mlgraph.graph.propagation.affected_subgraph import PROCESS_KINDS, affected_subgraph
from mlgraph.graph.propagation.rebuild_status import NEW, OLD, AffectedSubgraph, Execution, PropagationReplay, WorkflowStatus
from mlgraph.graph.response.json_rendering import owners_json
from mlgraph.graph.response.paging import CERTAINTY, Frontier, page
from mlgraph.graph.traversal.closures import Closure, walk
from mlgraph.ports.store import FactReader, RunRecords
from mlgraph.services.common.chunks import chunks
from mlgraph.services.history.asserted_facts import by_asset
from mlgraph.services.history.group_histories import Histories

WORKFLOW_STATES: Final = ("failed", "old", "partly", "waiting", "running", "rebuilt")
"""The states of a workflow, those that need attention first."""
ASSET_STATES: Final = ("on_old", "mixed", "on_new", "old", "stale", "partly", "fresh")
_REMINDED_STATES: Final = frozenset({"failed", "old", "partly", "on_old", "mixed"})
_SERVING: Final = frozenset(KINDS[n].code for n in ("deployment", "service", "agent", "variant", "experiment", "rollout"))
_ENDING: Final = frozenset(KINDS[n].code for n in ("variant", "experiment", "rollout"))
_R = TypeVar("_R", AssetRecord, EdgeRecord)
_UNREPEATED_STATES: Final = frozenset({"old", "waiting"})
_BOTH: Final = OLD | NEW


class Propagations:
    """Propagation queries on one graph version; runs are read from the store."""

    def __init__(self, reader: FactReader, graph: GraphVersion) -> None:
        self._reader = reader.at(graph.watermark)
        self._graph = graph

    def body(self, root: int, since: int, moment: int, limit: int, after: Frontier | None) -> dict[str, Any]:
        """Return the states at `moment` of the assets and workflows that a change of `root` at `since` reaches (microseconds).

        Raises `OutOfTime` if reading the runs exceeds the time limit of the query.
        """
        graph = self._graph
        reached = walk(graph, root, "downstream", Layer.ASSET, moment)
        affected = affected_subgraph(graph, root, since, moment, reached)
        runs = _RunReader(self._reader, graph, reached, affected, moment)
        answer = _AnswerEntries(graph, reached, affected, PropagationReplay(affected, runs.executions(since)), moment)
        order = graph.asset_index.sort(reached.assets, reached.distances)
        listed = np.array([index for index in order.tolist() if answer.is_listed(int(reached.assets[index]), root)], np.int64)
        assets, distances = reached.assets[listed], reached.distances[listed]
        shown = page(graph, assets, distances, limit, after, moment)
        states = {asset: answer.state(asset) for asset in assets.tolist()}
        reminded = np.array([asset for asset, state in states.items() if state in _REMINDED_STATES], np.int32)
        entries = self._entries(answer, reached, listed[shown.start : shown.stop])
        counts = {kind: Counter(s for a, s in states.items() if answer.is_process(a) is kind) for kind in (True, False)}
        return {
            "root": graph.asset_index.uri(root),
            "since": format_time(since),
            "as_of": format_time(moment),
            "workflows": [entry for is_workflow, entry in entries if is_workflow],
            "assets": [entry for is_workflow, entry in entries if not is_workflow],
            "by_state": {
                "workflows": {state: counts[True][state] for state in WORKFLOW_STATES},
                "assets": {state: counts[False][state] for state in ASSET_STATES},
            },
            "remind": owners_json(*graph.asset_index.owned(reminded), graph.asset_index.uri_texts(reminded)),
            "total": len(listed),
            "partial": shown.frontier is not None,
            "reason": "limit" if shown.frontier else None,
            "frontier": shown.frontier.encode() if shown.frontier else None,
            "watermark": graph.watermark,
        }

    def _entries(
        self, answer: _AnswerEntries, reached: Closure, chosen: np.ndarray[Any, np.dtype[np.int64]]
    ) -> list[tuple[bool, Any]]:
        asset_index, assets = self._graph.asset_index, reached.assets[chosen]
        weights = self._weights({each for asset in assets.tolist() for each in (asset, *answer.serving(asset))}, answer.moment)
        rows = zip(
            assets.tolist(),
            asset_index.uris(assets),
            asset_index.names_and_owners(assets),
            asset_index.kinds(assets).tolist(),
            reached.distances[chosen].tolist(),
            reached.certain[chosen].tolist(),
            strict=True,
        )
        return [
            (
                answer.is_process(asset),
                {
                    "uri": uri,
                    "kind": KIND_NAMES[kind],
                    "name": name,
                    "distance": distance,
                    "certainty": CERTAINTY[certain],
                    **answer.entry(asset, weights),
                    "owners": owners,
                },
            )
            for asset, uri, (name, owners), kind, distance, certain in rows
        ]

    def _weights(self, assets: Collection[int], moment: int) -> dict[int, float]:
        """Return the weight of each deployment in the traffic of its service, if it is known."""
        kind = KINDS["deployment"].code
        found: dict[int, float] = {}
        for chunk in chunks(asset for asset in assets if self._graph.asset_index.kind(asset) == kind):
            for asset, records in by_asset(self._reader.asset_records(chunk)).items():
                state = state_at(asset_intervals(records), moment) or {}
                weight = state.get("properties", {}).get("weight")
                if isinstance(weight, int | float):
                    found[asset] = weight
        return found


@dataclass
class _AnswerEntries:
    """The entries of the answer, one for each asset."""

    graph: GraphVersion
    reached: Closure
    affected: AffectedSubgraph
    propagation: PropagationReplay
    moment: int

    def is_process(self, asset: int) -> bool:
        """Return whether the asset reads and writes in runs."""
        return self.graph.asset_index.kind(asset) in PROCESS_KINDS

    def is_listed(self, asset: int, root: int) -> bool:
        """Return whether the answer lists the asset: not the root, unless it has runs to repeat; not an ended asset."""
        kind = self.graph.asset_index.kind(asset)
        if asset == root:
            return kind in PROCESS_KINDS and asset in self.affected.makes
        if kind == RUN:
            return self.status(asset).state not in _UNREPEATED_STATES
        return kind not in _ENDING or not self.graph.asset_index.finished(np.array([asset], np.int32))[0]

    def status(self, workflow: int) -> WorkflowStatus:
        """Return how far a workflow is."""
        return self.propagation.status(workflow)

    def mask(self, asset: int) -> int:
        """Return whether the contents of an asset are `OLD`, `NEW` or both; a model has the best mask of its versions."""
        versions = self._versions.get(asset)
        if versions is None or asset in self.affected.changed:
            return self.propagation.contents(asset).mask
        masks = [self.propagation.contents(version).mask for version in versions]
        return NEW if NEW in masks else _BOTH if _BOTH in masks else OLD

    def state(self, asset: int) -> str:
        """Return the state of an asset, one of `WORKFLOW_STATES` or `ASSET_STATES`."""
        if self.is_process(asset):
            return self.status(asset).state
        mask, kind = self.mask(asset), self.graph.asset_index.kind(asset)
        if kind in _SERVING:
            return {OLD: "on_old", NEW: "on_new"}.get(mask, "mixed")
        return {OLD: "old" if asset in self.affected.frozen else "stale", NEW: "fresh"}.get(mask, "partly")

    def entry(self, asset: int, weights: Mapping[int, float]) -> dict[str, Any]:
        """Return the fields of an asset that depend on its kind."""
        uri = self.graph.asset_index.uri
        if self.is_process(asset):
            status = self.status(asset)
            return {
                "state": status.state,
                "run": uri(status.run) if status.run else None,
                "since": _time(status.since),
                "missing": sorted(map(uri, status.missing)),
                "waits_on": sorted(map(uri, status.waits_on)),
            }
        contents = self.propagation.contents(asset)
        entry: dict[str, Any] = {
            "state": self.state(asset),
            "run": uri(contents.run) if contents.run else None,
            "since": _time(contents.since),
        }
        kind = self.graph.asset_index.kind(asset)
        if kind == MODEL_VERSION and entry["state"] == "old":
            entry["successor"] = self._successor(asset)
        if asset in weights:
            entry["weight"] = weights[asset]
        if kind in _SERVING:
            entry["served_by"] = [
                {"uri": uri(each), "state": self.state(each), "since": format_time(since)}
                | ({"weight": weights[each]} if each in weights else {})
                for each, since in sorted(self.serving(asset).items(), key=lambda item: uri(item[0]))
            ]
        return entry

    def serving(self, asset: int) -> Mapping[int, int]:
        """Return the affected assets that a deployment, service or experiment runs on, each with its start."""
        return self._served_by.get(asset, {})

    @cached_property
    def _served_by(self) -> Mapping[int, dict[int, int]]:
        found: dict[int, dict[int, int]] = defaultdict(dict)
        for link in self.affected.links:
            if self.graph.asset_index.kind(link.target) in _SERVING:
                found[link.target][link.source] = link.start
        return found

    @cached_property
    def _versions(self) -> Mapping[int, list[int]]:
        """The versions of each model that the change can reach."""
        found: dict[int, list[int]] = defaultdict(list)
        for version, relation, model in self.reached.parts:
            if relation == VERSION_OF and self.graph.asset_index.kind(model) == MODEL:
                found[model].append(version)
        return found

    @cached_property
    def _newest(self) -> Mapping[int, int]:
        """For each version: the newest version of its model that was built from the new state."""
        found: dict[int, int] = {}
        for versions in self._versions.values():
            contents = {version: self.propagation.contents(version) for version in versions}
            fresh = [version for version, content in contents.items() if content.mask == NEW]
            if fresh:
                newest = max(fresh, key=lambda version: (contents[version].since or 0, self.graph.asset_index.uri(version)))
                found.update(dict.fromkeys(versions, newest))
        return found

    def _successor(self, version: int) -> str | None:
        newest = self._newest.get(version)
        return None if newest is None else self.graph.asset_index.uri(newest)


class _RunReader:
    """The runs of the workflows that a change can reach, read from the store."""

    def __init__(
        self, reader: FactReader, graph: GraphVersion, reached: Closure, affected: AffectedSubgraph, moment: int
    ) -> None:
        self._reader = reader
        self._graph = graph
        self._affected = affected
        self._moment = moment
        self._group_histories = Histories(reader, graph.asset_index, graph.aliases)
        self._distances = dict(zip(reached.assets.tolist(), reached.distances.tolist(), strict=True))

    def executions(self, since: int) -> Iterator[Execution]:
        """Yield the inputs and outputs of each run that started or ended at or after `since`, up to the moment of the query."""
        standalone = {asset for asset in self._affected.reads if self._graph.asset_index.kind(asset) == RUN}
        runs = set(standalone)
        aliases = self._graph.aliases
        workflows = self._affected.reads.keys() - standalone
        for chunk in chunks({name for workflow in workflows for name in aliases.names_of(workflow)}):
            deadlines.raise_if_exceeded()
            runs |= self._reader.runs_since(chunk, since)
        for chunk in chunks(runs):
            deadlines.raise_if_exceeded()
            records = self._reader.runs(chunk)
            executed = self._group_histories.executed(records.memberships)
            for history in self._histories(chunk, records):
                workflow = history.run if history.run in standalone else executed.get(history.run)
                own = set() if workflow is None else {self._resolved(workflow)}
                yield from self._of_run(history, own & self._affected.reads.keys(), since)

    def _histories(self, runs: Collection[int], records: RunRecords) -> Iterator[RunHistory]:
        states: dict[int, list[AssetRecord]] = defaultdict(list)
        edges: dict[int, list[EdgeRecord]] = defaultdict(list)
        columns: dict[int, list[EdgeRecord]] = defaultdict(list)
        for state in records.states:
            states[state.asset].append(state)
        for edge in (*records.reads, *records.writes):
            edges[edge.target if edge.relation == INPUT_TO else edge.source].append(edge)
        for edge in records.columns:
            columns[edge.by or 0].append(edge)
        for run in runs:
            uri, upto = self._graph.asset_index.uri(run), self._moment
            yield RunHistory(run, uri, _up_to(states[run], upto), _up_to(edges[run], upto), _up_to(columns[run], upto))

    def _of_run(self, history: RunHistory, workflows: Collection[int], since: int) -> Iterator[Execution]:
        outcome = run_outcome(history.states)
        ended = outcome.ended_at if outcome.ended_at is not None and outcome.ended_at <= self._moment else None
        started = run_start(history.states, (edge.valid_from for edge in history.edges))
        started = ended if started is None else started
        if started is None or started > self._moment or max(started, ended or started) < since:
            return
        if ended is not None:
            started = min(started, ended)
        for workflow in workflows:
            reads = self._reads(history, outcome, workflow)
            feeds = self._feeds(history, outcome, workflow, reads)
            rank = (self._distances[workflow], history.uri)
            yield Execution(history.run, workflow, started, ended, outcome.state, frozenset(reads), feeds, rank)

    def _reads(self, history: RunHistory, outcome: RunOutcome, workflow: int) -> set[int]:
        """Return the affected inputs of a run; those of its workflow if the run reports nothing about its inputs."""
        usual = self._affected.reads[workflow]
        if _is_silent(history.first_read, outcome, "inputs"):
            return set(usual)
        own = self._own_outputs(workflow)
        named = {self._resolved(asset) for asset in history.first_read}
        reads = {asset for asset in named if asset in self._distances and asset not in own}
        return reads | {workflow} if workflow in self._affected.changed else reads

    def _feeds(self, history: RunHistory, outcome: RunOutcome, workflow: int, reads: set[int]) -> dict[int, frozenset[int]]:
        """Return the affected inputs of each output of a run; a side without a report is taken from its workflow."""
        usual = self._affected.makes.get(workflow, {})
        fed_by: dict[int, set[int]] = {self._resolved(output): set() for output in history.outputs}
        for output, inputs in run_feeds(history, self._graph.asset_index).items():
            fed_by[self._resolved(output)].update(map(self._resolved, inputs))
        if _is_silent(history.first_read, outcome, "inputs"):
            fed_by = {output: set(usual.get(output, ())) for output in fed_by}
        if _is_silent(history.outputs, outcome, "outputs"):
            # the runs that create frozen assets always report them
            fed_by = {output: set(inputs) for output, inputs in usual.items() if output not in self._affected.frozen}
        always = {workflow} & reads
        return {output: frozenset(reads & inputs | always) for output, inputs in fed_by.items()}

    def _resolved(self, asset: int) -> int:
        """Return the asset that a name resolves to at the moment of the query, as in the rows of the graph."""
        return self._graph.aliases.at(asset, self._moment)

    def _own_outputs(self, workflow: int) -> set[int]:
        """Return the outputs of the workflow that are not affected inputs of it."""
        return self._affected.makes.get(workflow, {}).keys() - self._affected.reads[workflow]


def _up_to(records: Iterable[_R], moment: int) -> list[_R]:
    return [record for record in records if record.valid_from <= moment]


def _is_silent(reported: Collection[int], outcome: RunOutcome, side: str) -> bool:
    """Return whether a run reports nothing about a side. An event with an empty list is a report; an absence of facts is none."""
    return not reported and (outcome.sides is None or side not in outcome.sides)


def _time(moment: int | None) -> str | None:
    return None if moment is None else format_time(moment)
