"""Conversion of OpenLineage namespaces and names to asset URIs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from mlgraph.domain.dataset_naming import canonical_column, canonical_dataset, dataset_uri_from_location
from mlgraph.domain.payload import Located
from mlgraph.domain.redaction import redact_url
from mlgraph.domain.scoping import scoped
from mlgraph.domain.uri import MAX_URI_CHARS, AssetUri, column_uri

# A login is not part of a location. A container before the @ (abfss) has no colon, so it does not match.
_LOGIN: Final = re.compile(r"(?<=://)[^/@\s:]*:[^/@\s]*@")
_WIDEST_CHAR: Final = 12
"""The maximum length of one character of a name in a URI: four bytes, each as %XX."""


@dataclass(frozen=True, slots=True)
class NameResolver:
    """Converts the names in one event to URIs: dataset names become canonical, ambiguous namespaces get the prefix `scope`."""

    scope: str | None = None

    def dataset(self, item: Located) -> AssetUri:
        """Return the dataset with `namespace` and `name` of this object. Raises `InvalidInput` if one is missing."""
        return self._dataset(item.need("namespace"), item.need("name"))

    def referenced_dataset(self, item: Located) -> AssetUri | None:
        """Return the dataset that a facet refers to; None where namespace or name is missing."""
        namespace, name = item.get("namespace"), item.get("name")
        return self._dataset(namespace, name) if namespace and name else None

    def dataset_at(self, location: str) -> AssetUri | None:
        """Return the dataset at a location; None where the location identifies none."""
        return dataset_uri_from_location(location, self.scope)

    def workflow(self, job: Located) -> AssetUri:
        """Return the workflow that a job's `namespace` and `name` identify."""
        return self._in_job_namespace("workflow", job, job.need("name"))

    def run(self, job: Located, run: Located) -> AssetUri:
        """Return the run, by its id in the namespace of its job. The id need not be a UUID."""
        return self._in_job_namespace("run", job, run.need("runId"))

    def _dataset(self, namespace: Located, name: Located) -> AssetUri:
        canonical = canonical_dataset(_without_secrets(namespace.name()), _without_secrets(name.name()))
        return _within_limit(AssetUri("dataset", scoped(canonical[0], self.scope), canonical[1]), name)

    def _in_job_namespace(self, kind: str, job: Located, name: Located) -> AssetUri:
        namespace = scoped(_without_secrets(job.need("namespace").name()), self.scope)
        return _within_limit(AssetUri(kind, namespace, _without_secrets(name.name())), name)


def column_of(dataset: AssetUri, field: str, place: Located) -> AssetUri:
    """Return a column of `dataset`. Raises `InvalidInput` at `place`."""
    return _within_limit(column_uri(dataset, canonical_column(dataset.namespace, field)), place)


def _without_secrets(text: str) -> str:
    if "@" in text:
        text = _LOGIN.sub("", text)
    return redact_url(text) if "=" in text else text


def _within_limit(uri: AssetUri, place: Located) -> AssetUri:
    if _WIDEST_CHAR * (len(uri.namespace) + len(uri.name)) > MAX_URI_CHARS // 2 and len(str(uri)) > MAX_URI_CHARS:
        place.fail(f"the URI of this {uri.kind} is over the limit of {MAX_URI_CHARS} characters")
    return uri
