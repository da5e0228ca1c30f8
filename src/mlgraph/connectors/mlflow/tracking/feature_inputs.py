"""What a run read from a feature store, by the tags that Feast writes when features are retrieved in an active run.

`feast.feature_refs` lists the features. `feast.feature_service` is a service that Feast looked up when the features were not
asked for by one: it may have more features than the run took, so that it counts for certain only where no features are listed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mlgraph.connectors.mlflow.mlflow_instance import ORIGIN, MlflowInstance, table
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.facts import EdgeFact
from mlgraph.domain.naming.feature_stores import feature_store_namespace, feature_store_object
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.uri import MAX_URI_CHARS, AssetUri

_PROJECT: Final = "feast.project"
_SERVICE: Final = "feast.feature_service"
_FEATURES: Final = "feast.feature_refs"
_VIEWS: Final = "feast.feature_views"
_RETRIEVAL: Final = "feast.retrieval_type"
_CUT: Final = "..."
"""The end of a tag that Feast cut, because MLflow limits the length of tags."""


@dataclass(frozen=True, slots=True)
class FeatureInputs:
    """Views, features or services that a run read, and a service that it may have read completely, which is only possible."""

    read: tuple[AssetUri, ...] = ()
    possible: tuple[AssetUri, ...] = ()
    role: str = "training"

    def statements(self, run: AssetUri, start: int | None) -> list[EdgeFact]:
        """Return the edges into the run from `start` (None: time of recording)."""
        return [EdgeFact(each, "input_to", run, ORIGIN, start, properties={"role": self.role}) for each in self.read]

    @property
    def feeding(self) -> list[str]:
        """What feeds the outputs of the run. What is no input of the run feeds them as `possible` (docs/spec.md#4-pairs)."""
        return [str(each) for each in (*self.read, *self.possible)]


def feature_inputs(instance: MlflowInstance, run: Located) -> FeatureInputs:
    """Return what the tags of a run say that it read from Feast: nothing without a project."""
    data = run.get("data")
    tags = table(data, "tags") if data else {}
    project = tags.get(_PROJECT, "").strip()
    if not project:
        return FeatureInputs()
    references, is_cut = _listed(tags.get(_FEATURES, ""))
    parts = [(view.partition("@")[0], feature) for view, colon, feature in (each.partition(":") for each in references) if colon]
    views = [*_listed(tags.get(_VIEWS, ""))[0], *(view for view, _ in parts)]
    service = tags.get(_SERVICE, "").strip()
    named = [("feature_service", service)] if service else []
    read = [("feature_view", view.partition("@")[0]) for view in views]
    read += [("feature", f"{view}:{feature}") for view, feature in parts]
    role = "online" if tags.get(_RETRIEVAL) == "online" else "training"
    if not parts and not is_cut:
        read, named = named or read, []
    return FeatureInputs(_assets(instance, project, read), _assets(instance, project, named), role)


def _listed(tag: str) -> tuple[list[str], bool]:
    """Return the items of a list in a tag, and whether it was cut: then the last item is left out, because it may be a part."""
    is_cut = tag.endswith(_CUT)
    items = [each.strip() for each in tag.split(",")]
    return [each for each in (items[:-1] if is_cut else items) if each], is_cut


def _assets(instance: MlflowInstance, project: str, named: list[tuple[str, str]]) -> tuple[AssetUri, ...]:
    namespace = feature_store_namespace(None, instance.scope)
    found = {uri for kind, name in named if (uri := _asset(namespace, project, kind, name)) is not None}
    return tuple(sorted(found))


def _asset(namespace: str, project: str, kind: str, name: str) -> AssetUri | None:
    try:
        uri = feature_store_object(kind, namespace, project, name)
    except InvalidInput:
        return None
    return uri if len(str(uri)) <= MAX_URI_CHARS else None
