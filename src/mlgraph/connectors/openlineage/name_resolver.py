"""Identities: what OpenLineage names by namespace and name, as asset URIs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from mlgraph.domain.dataset_naming import canonical_column, canonical_dataset, dataset_uri_from_location
from mlgraph.domain.payload import Located
from mlgraph.domain.redaction import redact_url
from mlgraph.domain.scoping import scoped
from mlgraph.domain.uri import MAX_URI_CHARS, AssetUri, column_uri

# Where a thing lives does not depend on who logs in; a container before the @ (abfss) has no colon and stays.
_LOGIN: Final = re.compile(r"(?<=://)[^/@\s:]*:[^/@\s]*@")
_WIDEST_CHAR: Final = 12
"""Characters that one character of a name takes at most in a URI: four bytes, each as %XX."""


@dataclass(frozen=True, slots=True)
class NameResolver:
    """How one event's words become identities: datasets canonical, and what means something within its source scoped by it."""

    scope: str | None = None

    def dataset(self, item: Located) -> AssetUri:
        """Return the dataset that `namespace` and `name` of this object identify; both must be there."""
        return self._dataset(item.need("namespace"), item.need("name"))

    def referenced_dataset(self, item: Located) -> AssetUri | None:
        """Return the dataset that a facet mentions, or None where a part is missing."""
        namespace, name = item.get("namespace"), item.get("name")
        return self._dataset(namespace, name) if namespace and name else None

    def dataset_at(self, location: str) -> AssetUri | None:
        """Return the dataset at a location, or None where it names none."""
        return dataset_uri_from_location(location, self.scope)

    def workflow(self, job: Located) -> AssetUri:
        """Return the workflow that a job's `namespace` and `name` identify."""
        return self._of_job("workflow", job, job.need("name"))

    def run(self, job: Located, run: Located) -> AssetUri:
        """Return the run: its id within its job's namespace. The id need not be a UUID."""
        return self._of_job("run", job, run.need("runId"))

    def _dataset(self, namespace: Located, name: Located) -> AssetUri:
        canonical = canonical_dataset(_public(namespace.name()), _public(name.name()))
        return _short_enough(AssetUri("dataset", scoped(canonical[0], self.scope), canonical[1]), name)

    def _of_job(self, kind: str, job: Located, name: Located) -> AssetUri:
        namespace = scoped(_public(job.need("namespace").name()), self.scope)
        return _short_enough(AssetUri(kind, namespace, _public(name.name())), name)


def column_of(dataset: AssetUri, field: str, place: Located) -> AssetUri:
    """Return a column of `dataset`; an error is located at `place`."""
    return _short_enough(column_uri(dataset, canonical_column(dataset.namespace, field)), place)


def _public(text: str) -> str:
    if "@" in text:
        text = _LOGIN.sub("", text)
    return redact_url(text) if "=" in text else text


def _short_enough(uri: AssetUri, place: Located) -> AssetUri:
    if _WIDEST_CHAR * (len(uri.namespace) + len(uri.name)) > MAX_URI_CHARS // 2 and len(str(uri)) > MAX_URI_CHARS:
        place.fail(f"names a {uri.kind} whose URI is over the limit of {MAX_URI_CHARS} characters")
    return uri
