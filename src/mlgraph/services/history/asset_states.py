"""States and health of many assets at a moment, with a number of reads that does not depend on how many assets they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from mlgraph.domain.curation.merging import curate
from mlgraph.domain.history import (
    AssetInterval,
    AssetRecord,
    asset_intervals,
    curated_at,
    reported_at,
    run_outcome,
    state_at,
)
from mlgraph.domain.payloads.schema_fields import field_at
from mlgraph.domain.uri import AssetUri, field_of_column
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import COLUMN, RUN_OF, WORKFLOW
from mlgraph.ports.store import FactReader
from mlgraph.services.common.asset_health import health_of
from mlgraph.services.history.asserted_facts import by_asset, executed_workflows, records_of

LATEST_RUNS: Final = 20
"""Number of latest runs examined for the health of their workflow: at least one of them has usually ended."""

State = Mapping[str, Any]


class AssetStates:
    """The states and health of assets of `graph` at `moment` (microseconds), read from the store."""

    def __init__(self, reader: FactReader, graph: GraphVersion, moment: int) -> None:
        self._reader = reader
        self._graph = graph
        self._moment = moment

    def names_of(self, assets: Iterable[int]) -> dict[int, Sequence[int]]:
        """Return the names of each asset at the moment, its own if it had no other."""
        aliases = self._graph.aliases
        return {asset: aliases.names_at(asset, self._moment) or [asset] for asset in assets}

    def reported(self, assets: Iterable[int]) -> dict[int, State | None]:
        """Return the state of each asset, merged from all names that it had; None if it has none or is deleted."""
        return {asset: state_at(listed, self._moment) for asset, listed in self._intervals(assets).items()}

    def shown(self, assets: Iterable[int]) -> Mapping[int, State]:
        """Return the state of each asset as answers show it, also of a deleted one: what people wrote on top of `completed`."""
        intervals = self._intervals(assets)
        completed = self.completed({asset: reported_at(listed, self._moment) for asset, listed in intervals.items()})
        return {asset: curate(state, curated_at(intervals[asset], self._moment)) for asset, state in completed.items()}

    def _intervals(self, assets: Iterable[int]) -> dict[int, list[AssetInterval]]:
        names = self.names_of(assets)
        records = by_asset(records_of(self._reader, {name for listed in names.values() for name in listed}))
        return {
            asset: asset_intervals([record for name in listed for record in records.get(name, ())])
            for asset, listed in names.items()
        }

    def completed(self, reported: Mapping[int, State | None]) -> Mapping[int, State]:
        """Return states of sources with the contacts of persons, and for columns with what the schema of their dataset says."""
        index = self._graph.asset_index
        states = {asset: dict(state or {}) for asset, state in reported.items()}
        for asset, contact in self._reader.contacts(list(states)).items():
            states[asset]["name"] = contact.name or states[asset].get("name")
            if contact.mail:
                states[asset]["properties"] = {**states[asset].get("properties", {}), "mail": contact.mail}
        columns = [asset for asset, state in states.items() if index.kind(asset) == COLUMN and "properties" not in state]
        for column, described in self._fields(columns).items():
            states[column] = {**described, **states[column]}
        return states

    def _fields(self, columns: Sequence[int]) -> dict[int, dict[str, Any]]:
        """Return the state of each column from the schema of its dataset; columns that no schema lists are left out."""
        if not columns:
            return {}
        index, aliases = self._graph.asset_index, self._graph.aliases
        datasets = {column: aliases.at(index.dataset_of(column), self._moment) for column in columns}
        states = self.reported(set(datasets.values()))
        found: dict[int, dict[str, Any]] = {}
        for column, dataset in datasets.items():
            name = field_of_column(AssetUri.parse(index.uri(column)))
            schema = field_at((states[dataset] or {}).get("properties", {}).get("schema"), name)
            if schema is not None:
                properties = {key: value for key, value in schema.items() if key not in ("name", "description")}
                found[column] = {"name": name, "description": schema.get("description"), "properties": properties}
        return found

    def health(self, states: Mapping[int, State]) -> dict[int, dict[str, Any]]:
        """Return the health of each asset from its state; of a workflow, also from its latest ended run."""
        found = {asset: health_of(state) for asset, state in states.items()}
        workflows = self.names_of(asset for asset in states if self._graph.asset_index.kind(asset) == WORKFLOW)
        for workflow, of_run in self._latest_runs(workflows).items():
            own = found[workflow]
            reasons = [*own["reasons"], *(f"latest run {reason}" for reason in of_run["reasons"])]
            status = "failing" if reasons else "ok" if "ok" in (own["status"], of_run["status"]) else "unknown"
            found[workflow] = {"status": status, "reasons": reasons}
        return found

    def _latest_runs(self, workflows: Mapping[int, Sequence[int]]) -> dict[int, dict[str, Any]]:
        """Return the health of the latest ended run of each workflow that has one; `workflows` have their names."""
        if not workflows:
            return {}
        latest = self._started(workflows)
        records: dict[int, list[AssetRecord]] = defaultdict(list)
        for record in self._reader.asset_records([run for runs in latest.values() for run in runs]):
            if record.valid_from <= self._moment:
                records[record.asset].append(record)
        uri = self._graph.asset_index.uri
        found: dict[int, dict[str, Any]] = {}
        for workflow, runs in latest.items():
            ended = [(end, run) for run in runs if (end := run_outcome(records[run]).ended_at) is not None]
            if ended:
                run = max(ended, key=lambda each: (each[0], uri(each[1])))[1]
                found[workflow] = health_of(state_at(asset_intervals(records[run]), self._moment) or {})
        return found

    def _started(self, workflows: Mapping[int, Sequence[int]]) -> dict[int, list[int]]:
        """Return the runs of each workflow that started last."""
        asset_of = {name: workflow for workflow, names in workflows.items() for name in names}
        edges = self._reader.edges_into(list(asset_of), [RUN_OF])
        started = {edge.source: edge.valid_from for edge in edges if edge.valid_from <= self._moment}
        runs: dict[int, list[int]] = defaultdict(list)
        for run, name in executed_workflows(self._reader, started).items():
            if name in asset_of:
                runs[asset_of[name]].append(run)
        uri = self._graph.asset_index.uri
        return {
            workflow: sorted(members, key=lambda run: (started[run], uri(run)), reverse=True)[:LATEST_RUNS]
            for workflow, members in runs.items()
        }
