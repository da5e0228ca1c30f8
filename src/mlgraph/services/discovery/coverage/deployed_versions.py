"""The model versions that serve at a moment, and what the graph knows of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from mlgraph.domain import deadlines
from mlgraph.domain.history import is_finished
from mlgraph.domain.vocabulary import KINDS, RELATIONS
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import (
    DATASET,
    DEPLOYED_AS,
    DEPLOYMENT,
    EVALUATION,
    INPUT_TO,
    MODEL_VERSION,
    OUTPUTS,
    RUN,
    SERVES,
    VARIANT_OF,
    VERSION_OF,
    WORKFLOW,
    Ints,
    Layer,
)
from mlgraph.graph.traversal.reached_kinds import DownstreamOfKinds
from mlgraph.services.discovery.coverage.graph_steps import GraphSteps, Pairs
from mlgraph.services.history.asset_states import AssetStates

_EVALUATED_BY: Final = RELATIONS["evaluated_by"].code
_TESTED_IN: Final = RELATIONS["tested_in"].code
_PACKAGED_IN: Final = RELATIONS["packaged_in"].code
_IMAGE: Final = KINDS["image"].code
_DATA: Final = (DATASET, KINDS["dataset_version"].code)
_COMMIT: Final = KINDS["commit"].code


@dataclass(slots=True)
class DeployedVersion:
    """A model version that serves: all members are assets, in order of their URIs.

    `producers` are the runs and workflows that made it. `experiments`: experiments or variants that run and that it is tested
    in; `experiments_of_service`: those of all versions of its services.
    """

    version: int
    services: list[int]
    models: list[int] = field(default_factory=list)
    producers: list[int] = field(default_factory=list)
    has_data: bool = False
    has_commit: bool = False
    has_evaluation: bool = False
    experiments: list[int] = field(default_factory=list)
    experiments_of_service: list[int] = field(default_factory=list)


class DeployedVersions:
    """Finds the deployed versions in one version of the graph at a moment (microseconds since the epoch)."""

    def __init__(self, graph: GraphVersion, moment: int, states: AssetStates) -> None:
        """`states`: those of the same moment, which say whether an experiment is finished then."""
        self._graph = graph
        self._moment = moment
        self._states = states
        self._steps = GraphSteps(graph, moment)
        self._serving = self._steps.ends(graph.asset_index.of_kind(DEPLOYMENT), SERVES, "out")
        self._deployed = self._steps.ends(self._serving, DEPLOYED_AS, "into")

    def deployments(self) -> Pairs:
        """Return the deployments that serve, each with what is deployed as it."""
        return {deployment: self._deployed.get(deployment, []) for deployment in self._serving}

    def all(self) -> list[DeployedVersion]:
        """Return the versions with a deployment that serves now, directly or in an image, by URI. May raise `OutOfTime`."""
        serving, deployed = self._serving, self._deployed
        images = {source for sources in deployed.values() for source in sources if self._steps.kind(source) == _IMAGE}
        packaged = self._steps.ends(images, _PACKAGED_IN, "into")
        by_version: dict[int, set[int]] = defaultdict(set)
        for deployment, sources in deployed.items():
            for source in sources:
                for version in packaged.get(source, ()) if self._steps.kind(source) == _IMAGE else (source,):
                    if self._steps.kind(version) == MODEL_VERSION:
                        by_version[version].add(deployment)
        found = [
            DeployedVersion(version, self._steps.ordered({each for deployment in deployments for each in serving[deployment]}))
            for version, deployments in by_version.items()
        ]
        self._add_parts(found)
        self._add_evaluations(found)
        self._add_experiments(found, by_version)
        self._add_upstream(found)
        return sorted(found, key=lambda each: self._graph.asset_index.uri(each.version))

    def _add_parts(self, found: Sequence[DeployedVersion]) -> None:
        versions = [each.version for each in found]
        models = self._steps.ends(versions, VERSION_OF, "out", Layer.STRUCTURE)
        workflows, runs = self._steps.ends(versions, OUTPUTS, "into"), self._steps.ends(versions, OUTPUTS, "into", Layer.RUN)
        for each in found:
            each.models = self._steps.ordered(models.get(each.version, ()))
            made_by = {*workflows.get(each.version, ()), *runs.get(each.version, ())}
            each.producers = self._steps.ordered(made_by)

    def _add_evaluations(self, found: Sequence[DeployedVersion]) -> None:
        """An evaluation names the version, or a run or workflow read the version and made an evaluation."""
        versions = [each.version for each in found]
        direct = self._steps.ends(versions, _EVALUATED_BY, "out")
        readers: dict[int, set[int]] = defaultdict(set)
        for layer in (Layer.ASSET, Layer.RUN):
            for version, listed in self._steps.ends(versions, INPUT_TO, "out", layer).items():
                readers[version].update(listed)
        passed = {reader for listed in readers.values() for reader in listed if self._steps.kind(reader) in (RUN, WORKFLOW)}
        made = {layer: self._steps.ends(passed, OUTPUTS, "out", layer) for layer in (Layer.ASSET, Layer.RUN)}
        for each in found:
            reached = {*direct.get(each.version, ()), *readers[each.version]}
            reached |= {one for reader in readers[each.version] for steps in made.values() for one in steps.get(reader, ())}
            each.has_evaluation = any(self._steps.kind(one) == EVALUATION for one in reached)

    def _add_experiments(self, found: Sequence[DeployedVersion], by_version: dict[int, set[int]]) -> None:
        """An experiment that runs on a service concerns all versions of the service; those that it does not name have a gap."""
        tested = self._steps.ends({*by_version, *(one for listed in by_version.values() for one in listed)}, _TESTED_IN, "out")
        running = self._running({each for listed in tested.values() for each in listed})
        of_service: dict[int, set[int]] = defaultdict(set)
        for each in found:
            own = {one for asset in (each.version, *by_version[each.version]) for one in tested.get(asset, ()) if one in running}
            each.experiments = self._steps.ordered(own)
            for service in each.services:
                of_service[service] |= own
        for each in found:
            each.experiments_of_service = self._steps.ordered({one for service in each.services for one in of_service[service]})

    def _running(self, tested: set[int]) -> set[int]:
        """Return the experiments and variants that are not finished; a variant is finished with its experiment."""
        parents = self._steps.ends(tested, VARIANT_OF, "out", Layer.STRUCTURE)
        every = {*tested, *(one for listed in parents.values() for one in listed)}
        states = self._states.reported(every) if every else {}
        finished = {one for one, state in states.items() if is_finished((state or {}).get("properties", {}))}
        return {one for one in tested if one not in finished and not finished.intersection(parents.get(one, ()))}

    def _add_upstream(self, found: Sequence[DeployedVersion]) -> None:
        versions: Ints = np.array([each.version for each in found], np.int32)
        deadlines.raise_if_exceeded()
        data = DownstreamOfKinds(self._graph, _DATA, self._moment).reaches(versions)
        deadlines.raise_if_exceeded()
        commits = DownstreamOfKinds(self._graph, (_COMMIT,), self._moment).reaches(versions)
        for each, has_data, has_commit in zip(found, data.tolist(), commits.tolist(), strict=True):
            each.has_data, each.has_commit = has_data, has_commit
