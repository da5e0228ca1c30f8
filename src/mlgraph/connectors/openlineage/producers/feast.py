"""Feast: its objects are in the namespace `feast:INSTANCE`, and facets tell what each of them is.

Feast reports all its objects as datasets in the namespace of the project, so that a view and its source of one name are one
dataset. Its event of `feast apply` lists all sources beside all views, without what feeds what: that is read from the registry.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final, Self

from mlgraph.connectors.openlineage.facets import Facets
from mlgraph.connectors.openlineage.producers.producer import EventContent, Producer, member, text_at
from mlgraph.domain.naming.feature_stores import feature_store_namespace, feature_store_object
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.uri import AssetUri

_PRODUCER: Final = "feast"
_KINDS: Final = {
    "feast_featureView": "feature_view",
    "feast_featureService": "feature_service",
    "feast_dataSource": "dataset",
    "feast_onlineStore": "dataset",
    "feast_savedDataset": "dataset",
}
"""The kind of the asset of a dataset with a facet. One without any of them, such as an entity, has none."""
_SAVED: Final = "feast_savedDataset"
_NO_DATA: Final = frozenset({"RequestSource", "PushSource"})
"""Types of data sources that store nothing: the values of a request, and an entry to the batch source of a view."""
_PLACEHOLDER: Final = "__dummy"
"""The entity of views without entities."""
_QUERY: Final = "query://"
"""The URI of a query: a hash that differs in every process."""


@dataclass(frozen=True)
class Feast(Producer):
    """The conventions of Feast in one project; `namespace` is that of its assets."""

    project: str = ""
    namespace: str = ""

    @classmethod
    def recognised(cls, event: Located, scope: str | None) -> Self | None:
        """Return Feast's conventions if the event is one of Feast's, by its producer or the facets of its job."""
        facets = ("job", "facets")
        reported = text_at(event.value, *facets, "feast_project", "project_name")
        reported = reported or text_at(event.value, *facets, "feast_jobKind", "feast_project")
        kind = member(event.value, *facets, "feast_jobKind")
        if reported is None and kind is None and event.value.get("producer") != _PRODUCER:
            return None
        written = text_at(event.value, "job", "namespace") or text_at(event.value, "dataset", "namespace")
        if written is None:
            return None
        project = reported or written.rpartition("/")[2]
        instance = None if written == project else written.removesuffix(f"/{project}")
        return cls(scope, project, feature_store_namespace(instance, scope))

    def reports(self, event: Located) -> EventContent:
        """Return what a run event reports: only a transformation, such as a materialisation, is a run; definitions are none."""
        kind = text_at(event.value, "job", "facets", "feast_jobKind", "kind")
        return EventContent.PROCESS if kind == "transform" else EventContent.STATE

    def workflow(self, job: Located) -> AssetUri:
        """Return the workflow of a job of this project; that of another tool, such as a parent, as written."""
        written = super().workflow(job)
        return self._object("workflow", written.name) if self._is_own(job) else written

    def other_names(self, job: Located) -> Collection[AssetUri]:
        """Return the name in the namespace of the project, by which engines that Feast starts name their parent."""
        return (super().workflow(job),)

    def is_asset(self, item: Located) -> bool:
        """Return whether an item is a view, a service or data: not an entity, the values of a request, a placeholder."""
        source_type = text_at(item.value, "facets", "feast_dataSource", "source_type")
        return _facet_of(item) is not None and source_type not in _NO_DATA and item.value.get("name") != _PLACEHOLDER

    def dataset(self, item: Located) -> AssetUri:
        """Return the asset of an item of the kind that its facets tell. Raises `InvalidInput` where they tell none."""
        facet = _facet_of(item)
        if facet is None:
            item.fail("Feast does not tell what it is: it has no facet of a view, a service or a data source")
        return self._of_kind(item, facet)

    def written_dataset(self, item: Located) -> AssetUri:
        """Return the asset of an item that the event describes: without a facet it is a saved dataset."""
        return self._of_kind(item, _facet_of(item) or _SAVED)

    def locations(self, facets: Facets) -> Collection[AssetUri]:
        """Return where a data source or a saved dataset lives."""
        places = []
        source = facets.peek("dataSource") if facets.peek("feast_dataSource") else None
        uri = source.typed("uri", str) if source else None
        if uri and uri.value.startswith(_QUERY):
            facets.take("dataSource")
        places += [uri] if uri else []
        symlinks = facets.take("symlinks")
        for identifier in (symlinks.objects("identifiers") if symlinks else None) or ():
            places += [name] if (name := identifier.typed("name", str)) else []
        return [found for place in places if (found := self.dataset_at(place.text())) and found.name != "/"]

    def state(self, uri: AssetUri, state: dict[str, Any]) -> dict[str, Any]:
        """Return the state of an asset: the fields of views and services are features."""
        properties = state.get("properties", {})
        if uri.kind == "dataset" or "schema" not in properties:
            return state
        renamed = {("features" if key == "schema" else key): value for key, value in properties.items()}
        return {**state, "properties": renamed}

    def sources_of(self, output: Located) -> Collection[AssetUri]:
        """Return the view whose values a table of the online store has."""
        view = text_at(output.value, "facets", "feast_onlineStore", "feature_view")
        return (self._object("feature_view", view),) if view else ()

    def _of_kind(self, item: Located, facet: str) -> AssetUri:
        written = super().written_dataset(item)
        return self._object(_KINDS[facet], f"saved_dataset_{written.name}" if facet == _SAVED else written.name)

    def _object(self, kind: str, name: str) -> AssetUri:
        return feature_store_object(kind, self.namespace, self.project, name)

    def _is_own(self, job: Located) -> bool:
        namespace = job.value.get("namespace")
        return isinstance(namespace, str) and namespace.rpartition("/")[2] == self.project


def _facet_of(item: Located) -> str | None:
    """Return the name of the facet that tells what an item is."""
    facets = item.value.get("facets")
    return next((name for name in _KINDS if isinstance(facets.get(name), dict)), None) if isinstance(facets, dict) else None
