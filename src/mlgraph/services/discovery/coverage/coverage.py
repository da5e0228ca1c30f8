"""Coverage (docs/coverage.md): which of the versions that serve reach a dataset, an owner, a commit, ..., and what mends it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from mlgraph.domain.timestamps import format_time
from mlgraph.domain.uri import AssetUri
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.ports.connections import ConnectionStore
from mlgraph.ports.connector import ConnectorRegistry
from mlgraph.ports.store import FactReader
from mlgraph.services.discovery.coverage import gap_fixes
from mlgraph.services.discovery.coverage.deployed_versions import DeployedVersion, DeployedVersions
from mlgraph.services.discovery.coverage.gap_fixes import Gap
from mlgraph.services.discovery.coverage.reference_gaps import ReferenceGaps
from mlgraph.services.discovery.coverage.references import Reference, References
from mlgraph.services.history.asset_states import AssetStates
from mlgraph.services.projection.log_follower import Follower
from mlgraph.services.queries.resolver import moment_of

DEFAULT_LIMIT: Final = 1_000
ASPECTS: Final = ("dataset", "owner", "commit", "evaluation", "experiment")
"""Of versions; the aspect `REFERENCE` is one of variants and deployments."""
REFERENCE: Final = "reference"
MAX_PRODUCERS: Final = 20
"""Runs and workflows that made one version whose state is read for a code version; a version usually has one of each."""


class Coverage:
    """Answers what is known of the versions that serve. Thread-safe."""

    def __init__(
        self, reader: FactReader, follower: Follower, connectors: ConnectorRegistry, connections: ConnectionStore
    ) -> None:
        self._reader = reader
        self._follower = follower
        self._connectors = connectors
        self._connections = connections

    def coverage(self, *, as_of: str | None = None, limit: int = DEFAULT_LIMIT) -> dict[str, Any]:
        """Return the counts and the gaps at a moment as JSON, by version, then by what should name a version.

        Owners are the latest known, as in search, and sources are as they are connected now; all else is that of the moment.
        Raises `InvalidInput`, `OutOfTime`, `Unavailable`.
        """
        graph, moment = self._follower.snapshot(), moment_of(as_of)
        states = AssetStates(self._reader.at(graph.watermark), graph, moment)
        versions = DeployedVersions(graph, moment, states)
        deployed = versions.all()
        expected, reaching = dict.fromkeys((*ASPECTS, REFERENCE), 0), dict.fromkeys((*ASPECTS, REFERENCE), 0)
        gaps = self._version_gaps(graph, states, deployed, expected, reaching)
        references = References(graph, moment, states, self._connectors.registries).all(versions.deployments())
        named = self._reference_gaps(graph, references)
        expected[REFERENCE], reaching[REFERENCE] = len(references), len(references) - len(named)
        gaps += named
        return {
            "as_of": format_time(moment),
            "deployed": len(deployed),
            "reaching": reaching,
            "expected": expected,
            "gaps": gaps[:limit],
            "total": len(gaps),
            "partial": len(gaps) > limit,
            "reason": "limit" if len(gaps) > limit else None,
            "watermark": graph.watermark,
        }

    def _version_gaps(
        self,
        graph: GraphVersion,
        states: AssetStates,
        deployed: Sequence[DeployedVersion],
        expected: dict[str, int],
        reaching: dict[str, int],
    ) -> list[dict[str, Any]]:
        """Return the gaps of versions, and count what they reach."""
        owned, coded = _owned(graph, deployed), _with_code_version(states, deployed)
        gaps: list[dict[str, Any]] = []
        for each in deployed:
            lacking = {gap.missing: gap for gap in self._gaps(graph, each, owned, coded)}
            for aspect in ASPECTS:
                is_expected = aspect != "experiment" or bool(each.experiments_of_service)
                expected[aspect] += is_expected
                reaching[aspect] += is_expected and aspect not in lacking
            gaps += [_gap_body(graph, each.version, each.services, lacking[aspect]) for aspect in ASPECTS if aspect in lacking]
        return gaps

    def _reference_gaps(self, graph: GraphVersion, references: Sequence[Reference]) -> list[dict[str, Any]]:
        if all(each.named and not each.unknown for each in references):
            return []
        explained = ReferenceGaps(graph, self._connectors, self._connections.all())
        found = ((each, explained.gap(each)) for each in references)
        return [_gap_body(graph, each.subject, (), gap) for each, gap in found if gap is not None]

    def _gaps(self, graph: GraphVersion, each: DeployedVersion, owned: set[int], coded: set[int]) -> Iterator[Gap]:
        uri = graph.asset_index.uri
        version = uri(each.version)
        namespace = AssetUri.parse(version).namespace
        producer = uri(each.producers[0]) if each.producers else None
        if not each.has_data:
            yield gap_fixes.dataset_gap(version, producer, self._connectors.remedy(namespace, "dataset"))
        if each.version not in owned:
            yield gap_fixes.owner_gap(version, uri(each.models[0]) if each.models else None)
        if not each.has_commit and each.version not in coded:
            yield gap_fixes.commit_gap(version, producer, self._connectors.remedy(namespace, "commit"))
        if not each.has_evaluation:
            yield gap_fixes.evaluation_gap(version)
        if each.experiments_of_service and not each.experiments:
            experiment = uri(each.experiments_of_service[0])
            remedy = self._connectors.remedy(AssetUri.parse(experiment).namespace, "experiment")
            yield gap_fixes.experiment_gap(version, experiment, remedy)


def _with_code_version(states: AssetStates, deployed: Sequence[DeployedVersion]) -> set[int]:
    """Return the versions without a commit upstream of which a run or workflow that made them says its code version."""
    producers = {each.version: each.producers[:MAX_PRODUCERS] for each in deployed if not each.has_commit}
    reported = states.reported({one for listed in producers.values() for one in listed}) if any(producers.values()) else {}
    return {version for version, listed in producers.items() if any(_has_code_version(reported.get(one)) for one in listed)}


def _gap_body(graph: GraphVersion, asset: int, services: Sequence[int], gap: Gap) -> dict[str, Any]:
    index = graph.asset_index
    return {
        "uri": index.uri(asset),
        "name": index.name(asset),
        "services": [index.uri(service) for service in services],
        "missing": gap.missing,
        "reason": gap.reason,
        "fix": gap.fix,
    }


def _owned(graph: GraphVersion, deployed: Sequence[DeployedVersion]) -> set[int]:
    """Return the versions that have an owner, or whose model has one."""
    assets = np.array(sorted({asset for each in deployed for asset in (each.version, *each.models)}), np.int32)
    owners = (listed for _, listed in graph.asset_index.names_and_owners(assets)) if len(assets) else ()
    having = {asset for asset, listed in zip(assets.tolist(), owners, strict=True) if listed}
    return {each.version for each in deployed if having.intersection((each.version, *each.models))}


def _has_code_version(state: Mapping[str, Any] | None) -> bool:
    """Return whether a run has a `code_version`, or a workflow a version where its source code is (OpenLineage's facet)."""
    properties = (state or {}).get("properties", {})
    location = properties.get("source_code_location")
    return bool(properties.get("code_version") or (isinstance(location, dict) and location.get("version")))
