"""Identities: what OpenLineage names by namespace and name, as asset URIs."""

from __future__ import annotations

import re
from typing import Final

from mlgraph.domain.payload import Located
from mlgraph.domain.redaction import redact_url
from mlgraph.domain.uri import MAX_URI_CHARS, AssetUri, column_uri

# Where a thing lives does not depend on who logs in; a container before the @ (abfss) has no colon and stays.
_LOGIN: Final = re.compile(r"(?<=://)[^/@\s:]*:[^/@\s]*@")
_WIDEST_CHAR: Final = 12
"""Characters that one character of a name takes at most in a URI: four bytes, each as %XX."""


def dataset_uri(item: Located) -> AssetUri:
    """Return the dataset that `namespace` and `name` of this object identify; both must be there."""
    return _identify("dataset", item.need("namespace"), item.need("name"))


def mentioned_dataset(item: Located) -> AssetUri | None:
    """Return the dataset that a facet mentions, or None where a part is missing."""
    namespace, name = item.get("namespace"), item.get("name")
    return _identify("dataset", namespace, name) if namespace and name else None


def workflow_uri(job: Located) -> AssetUri:
    """Return the workflow that a job's `namespace` and `name` identify."""
    return _identify("workflow", job.need("namespace"), job.need("name"))


def run_uri(job: Located, run: Located) -> AssetUri:
    """Return the run: its id within its job's namespace. The id need not be a UUID."""
    return _identify("run", job.need("namespace"), run.need("runId"))


def column_of(dataset: AssetUri, field: str, place: Located) -> AssetUri:
    """Return a column of `dataset`; an error is located at `place`."""
    return _short_enough(column_uri(dataset, field), place)


def _identify(kind: str, namespace: Located, name: Located) -> AssetUri:
    return _short_enough(AssetUri.of(kind, _public(namespace.name()), _public(name.name())), name)


def _public(text: str) -> str:
    if "@" in text:
        text = _LOGIN.sub("", text)
    return redact_url(text) if "=" in text else text


def _short_enough(uri: AssetUri, place: Located) -> AssetUri:
    if _WIDEST_CHAR * (len(uri.namespace) + len(uri.name)) > MAX_URI_CHARS // 2 and len(str(uri)) > MAX_URI_CHARS:
        place.fail(f"names a {uri.kind} whose URI is over the limit of {MAX_URI_CHARS} characters")
    return uri
