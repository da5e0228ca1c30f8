"""The vocabulary as data: kinds, relations, the kinds that each relation may connect, and whether it is traversed.

Code, documentation and API are checked against this table (docs/spec.md#kinds-and-relations). The store and
the graph arrays contain the codes: never reuse or renumber one.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of asset: its name in URIs, its stable code, and its meaning."""

    name: str
    code: int
    meaning: str


@dataclass(frozen=True, slots=True)
class RelationType:
    """A typed, directed relation. `walked` relations are lineage: they point downstream, the way data and consequences flow.

    `ends` are the allowed (source, target) kinds; None means any kind on that side; `same_kind` requires equal kinds.
    """

    name: str
    code: int
    walked: bool
    ends: tuple[tuple[frozenset[str] | None, frozenset[str] | None], ...]
    meaning: str
    same_kind: bool = False

    def allows(self, source: str, target: str) -> bool:
        """Return whether this relation may have an edge from kind `source` to kind `target`."""
        if self.same_kind and source != target:
            return False
        return any((a is None or source in a) and (b is None or target in b) for a, b in self.ends)


_KINDS = (
    Kind("dataset", 1, "a table, file set, topic or other named data"),
    Kind("dataset_version", 2, "a dataset as it was at one version"),
    Kind("column", 3, "a field of a dataset, named DATASET#FIELD"),
    Kind("feature", 4, "one feature of a feature store"),
    Kind("feature_view", 5, "a group of features with one source"),
    Kind("feature_service", 6, "the features that one consumer reads together"),
    Kind("model", 7, "a registered model"),
    Kind("model_version", 8, "one trained version of a model"),
    Kind("artifact", 9, "a file or directory that a run wrote"),
    Kind("config", 10, "a configuration"),
    Kind("run", 11, "one execution of a workflow"),
    Kind("workflow", 12, "a pipeline, DAG, task or job"),
    Kind("evaluation", 13, "measured quality of a version, a prompt or an agent"),
    Kind("experiment", 14, "an A/B experiment"),
    Kind("variant", 15, "a cell (arm) of an experiment"),
    Kind("service", 16, "something that answers requests in production"),
    Kind("deployment", 17, "a version or image placed to serve a service"),
    Kind("rollout", 18, "a stepwise release"),
    Kind("image", 19, "a container image"),
    Kind("commit", 20, "a commit of source code"),
    Kind("alert", 21, "something that a monitor raised"),
    Kind("policy", 22, "a rule of governance"),
    Kind("approval", 23, "a decision by a person"),
    Kind("metric", 24, "a measured quantity"),
    Kind("person", 25, "a person, by an opaque id"),
    Kind("team", 26, "a team"),
    Kind("agent", 27, "an agentic system"),
    Kind("prompt", 28, "a prompt"),
    Kind("tool", 29, "a tool that agents call"),
    Kind("index", 30, "a retrieval index"),
)
KINDS: Final = MappingProxyType({kind.name: kind for kind in _KINDS})
KIND_NAMES: Final = MappingProxyType({kind.code: kind.name for kind in _KINDS})

INPUT_ROLES: Final = ("training", "validation", "test", "base", "online", "config")
HELD_OUT_ROLES: Final = frozenset({"validation", "test"})
"""Inputs in these roles feed evaluations only (docs/spec.md#4-pairs)."""

NEVER_CLOSING_OUTPUTS: Final = frozenset({"dataset_version", "model_version", "evaluation", "image", "artifact"})
"""Outputs that a later run cannot take back (docs/spec.md#3-asset-level)."""

REQUIREMENTS: Final = ("hard", "soft")


def _of(*names: str) -> frozenset[str]:
    return frozenset(names)


_FEATURES = _of("feature", "feature_view", "feature_service")
_READABLE = _FEATURES | _of("dataset", "dataset_version", "model_version", "prompt", "index", "config", "artifact", "commit")
_RELATIONS = (
    RelationType("derives", 1, True, tuple((_of(k), _of(k)) for k in ("dataset", "column", "model_version", "image")),
             "the target is made from the source: a declared view, a column, a fine-tuned or distilled version, a layered image"),
    RelationType("feeds", 2, True,
             ((_of("dataset", "column"), _of("feature")), (_of("dataset"), _of("feature_view", "index")),
              (_of("feature"), _of("feature_service")), (_of("feature_view"), _of("feature_view", "feature_service"))),
             "the source supplies the values of the target"),
    RelationType("input_to", 3, True,
             ((_READABLE, _of("run", "workflow", "evaluation", "service", "deployment", "agent")),),
             "the target reads the source"),
    RelationType("outputs", 4, True,
             ((_of("run", "workflow", "service", "deployment", "agent"),
               _of("dataset", "dataset_version", "feature_view", "model_version", "index", "evaluation", "image", "artifact")),),
             "the source writes the target"),
    RelationType("evaluated_by", 5, True, ((_of("model_version", "prompt", "agent"), _of("evaluation")),),
             "the target measures the source"),
    RelationType("packaged_in", 6, True, ((_of("model_version"), _of("image")),), "the image contains the version"),
    RelationType("tested_in", 7, True, ((_of("model_version", "deployment"), _of("variant", "experiment")),),
             "the experiment exposes the source to users"),
    RelationType("deployed_as", 8, True, ((_of("model_version", "image", "agent", "prompt"), _of("deployment")),),
             "the deployment runs the source"),
    RelationType("serves", 9, True, ((_of("deployment"), _of("service")),), "the deployment answers for the service"),
    RelationType("required_by", 10, True,
             ((_of("service", "tool", "index", "prompt", "model_version"), _of("service", "agent")),),
             "the target needs the source (hard), or works worse without it (soft)"),
    RelationType("released_by", 11, True, ((_of("model_version", "deployment"), _of("rollout")),), "the rollout releases the source"),
    RelationType("version_of", 20, False, ((_of("model_version"), _of("model")), (_of("dataset_version"), _of("dataset"))),
             "the source is a version of the target"),
    RelationType("part_of", 21, False, ((None, None),), "the source is a part of the target: a task of a DAG, a feature of a view"),
    RelationType("variant_of", 22, False, ((_of("variant"), _of("experiment")),), "the source is a cell of the experiment"),
    RelationType("run_of", 23, False, ((_of("run"), _of("workflow")),), "the run executed the workflow"),
    RelationType("executed_for", 24, False, ((_of("run"), _of("variant", "experiment")),), "the run was done for the experiment"),
    RelationType("owned_by", 25, False, ((None, _of("person", "team")),), "the target answers for the source"),
    RelationType("member_of", 26, False, ((_of("person", "team"), _of("team")),), "the source belongs to the team"),
    RelationType("about", 27, False, ((_of("alert", "policy", "approval", "metric"), None),), "the source speaks of the target"),
    RelationType("alias_of", 28, False, ((None, None),), "the source is another name of the target", same_kind=True),
    RelationType("points_to", 29, False, ((_of("model"), _of("model_version")),), "a registry alias of the model names the version"),
    RelationType("promoted_to", 30, False, ((None, None),), "the target is the source in the next environment", same_kind=True),
    RelationType("supersedes", 31, False, ((None, None),), "the source takes the place of the target", same_kind=True),
    RelationType("trained_on", 32, False, ((_of("model_version"), _of("dataset")),), "the version saw the dataset in training"),
    RelationType("used_by", 33, False, ((_of("feature"), _of("service")),), "the service uses the feature"),
    RelationType("depends_on", 34, False, ((_of("service"), _of("dataset")), (_of("team"), _of("team"))),
             "the source needs the target"),
    RelationType("similar_to", 38, False, ((None, None),),
                 "the source may be built twice, as the target (score, signals), or a person said that it is not (dismissed_by)",
                 same_kind=True),
)  # fmt: skip
RELATIONS: Final = MappingProxyType({relation.name: relation for relation in _RELATIONS})
RELATION_NAMES: Final = MappingProxyType({relation.code: relation.name for relation in _RELATIONS})
WALKED: Final = frozenset(relation.name for relation in _RELATIONS if relation.walked)
PART_RELATIONS: Final = frozenset({"version_of", "part_of", "variant_of"})
"""Relations from a part to its parent (docs/spec.md#5-parts-and-wholes)."""


IDLE_STATES: Final = frozenset({"retired", "archived", "deprecated", "inactive", "stopped", "disabled", "draining"})
"""Values of an asset's `state` property that lower the severity of effects on it by one class."""
