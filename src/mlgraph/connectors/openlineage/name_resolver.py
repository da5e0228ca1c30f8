"""Conversion of OpenLineage namespaces and names to asset URIs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.naming.dataset_naming import canonical_column, canonical_dataset, dataset_uri_from_location
from mlgraph.domain.naming.scoping import scoped
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.redaction.json_values import redact_url
from mlgraph.domain.uri import MAX_NAME_BYTES, MAX_URI_CHARS, AssetUri, column_uri, shortened_name

# A login is not part of a location. A container before the @ (abfss) has no colon, so it does not match.
_LOGIN: Final = re.compile(r"(?<=://)[^/@\s:]*:[^/@\s]*@")
_WIDEST_CHAR: Final = 12
"""The maximum length of one character of a name in a URI: four bytes, each as %XX."""
_MAX_NAMESPACE_BYTES: Final = 600
"""The limit of a namespace beside a name that leaves no more space in the URI: both have many characters that are encoded."""
_SHORT_CHARS: Final = _MAX_NAMESPACE_BYTES // 4
_MAX_CACHED_CHARS: Final = 256
"""Longer names are not cached, which bounds the cache to about 15 MB."""
_ROOT: Final = "/"
"""The name of the complete namespace: a bucket, a file system."""


@dataclass(frozen=True, slots=True)
class NameResolver:
    """Converts the names in one event to URIs: dataset names become canonical, ambiguous namespaces get the prefix `scope`.

    Names and namespaces over the limit of `shortened_name` are cut, with a warning. All methods raise `InvalidInput` where a name
    is missing, blank, no text, or contains a NUL or a lone surrogate.
    """

    scope: str | None = None

    def dataset(self, item: Located) -> AssetUri:
        """Return the dataset with `namespace` and `name` of this object."""
        return self._dataset(item, item.need("name"))

    def written_dataset(self, item: Located) -> AssetUri:
        """Return the dataset of this object, which an event writes or describes: with the name "", the root of its namespace."""
        name = item.need("name")
        return self._dataset(item, name, _ROOT if name.value == "" else None)

    def dataset_at(self, location: str) -> AssetUri | None:
        """Return the dataset at a location; None where the location identifies none."""
        return dataset_uri_from_location(location, self.scope)

    def workflow(self, job: Located) -> AssetUri:
        """Return the workflow that a job's `namespace` and `name` identify."""
        namespace, name = job.need("namespace"), job.need("name")
        return _usual("workflow", namespace, name.value, self.scope) or self._in_job_namespace("workflow", job, name)

    def run(self, job: Located, run: Located) -> AssetUri:
        """Return the run, by its id in the namespace of its job. The id need not be a UUID."""
        return self._in_job_namespace("run", job, run.need("runId"))

    def _dataset(self, item: Located, name: Located, root: str | None = None) -> AssetUri:
        namespace = item.need("namespace")
        known = _usual("dataset", namespace, root or name.value, self.scope)
        if known is not None:
            return known
        canonical = canonical_dataset(_without_secrets(usable_name(namespace)), _without_secrets(root or usable_name(name)))
        return _asset("dataset", (scoped(canonical[0], self.scope), namespace), (canonical[1], name))

    def _in_job_namespace(self, kind: str, job: Located, name: Located) -> AssetUri:
        namespace = job.need("namespace")
        scoped_namespace = scoped(_without_secrets(usable_name(namespace)), self.scope)
        return _asset(kind, (scoped_namespace, namespace), (_without_secrets(usable_name(name)), name))


def _usual(kind: str, located_namespace: Located, name: object, scope: str | None) -> AssetUri | None:
    """Return the asset of these names from a cache, because events repeat names; None for long names and those with a fault."""
    namespace = located_namespace.value
    if type(namespace) is not str or type(name) is not str or len(namespace) + len(name) > _MAX_CACHED_CHARS:
        return None
    return _cached_asset(kind, namespace, name, scope) if namespace.strip() and name.strip() else None


@lru_cache(1 << 14)
def _cached_asset(kind: str, namespace: str, name: str, scope: str | None) -> AssetUri | None:
    names = _without_secrets(namespace), _without_secrets(name)
    namespace, name = canonical_dataset(*names) if kind == "dataset" else names
    try:
        return AssetUri(kind, scoped(namespace, scope), name)
    except InvalidInput:  # a NUL or a lone surrogate
        return None


def _asset(kind: str, namespace: tuple[str, Located], name: tuple[str, Located]) -> AssetUri:
    """Return the URI of these parts, each with its place in the event, after cutting those that are too long."""
    uri = AssetUri(kind, short_name(*namespace), short_name(*name))
    if _is_over_limit(uri):
        uri = AssetUri(kind, short_name(*namespace, _MAX_NAMESPACE_BYTES), uri.name)
    return uri


def _is_over_limit(uri: AssetUri) -> bool:
    return _WIDEST_CHAR * (len(uri.namespace) + len(uri.name)) > MAX_URI_CHARS // 2 and len(str(uri)) > MAX_URI_CHARS


def column_of(dataset: AssetUri, field: str, place: Located) -> AssetUri | None:
    """Return a column of `dataset`; None, with a warning about the source at `place`, where its URI is too long."""
    uri = column_uri(dataset, short_name(canonical_column(dataset.namespace, field), place))
    if _is_over_limit(uri):
        place.leave_out(f"the URI of the column {field[:60]!r} is over the limit of {MAX_URI_CHARS} characters")
        return None
    return uri


def usable_name(name: Located) -> str:
    """Return this text as a name. Raises `InvalidInput` where it is no text, blank, or has characters that no URI contains."""
    text = name.name()
    if text.isspace():
        name.fail("must not be blank")
    return text


def short_name(text: str, place: Located, max_bytes: int = MAX_NAME_BYTES) -> str:
    """Return `shortened_name` of a name at `place`, with a warning if it is cut."""
    if len(text) <= _SHORT_CHARS:
        return text
    short = shortened_name(text, max_bytes)
    if short is not text:
        place.warn(f"longer than {max_bytes:,} bytes: cut, with the digest of the complete text at its end")
    return short


def usable_key(key: str, member: Located) -> bool:
    """Return whether the key of `member` is a usable name; if not, a warning says that the member is left out."""
    try:
        usable_name(Located(key))
    except InvalidInput as error:
        member.leave_out(f"its key {error.detail}")
        return False
    return True


def _without_secrets(text: str) -> str:
    if "@" in text:
        text = _LOGIN.sub("", text)
    return redact_url(text) if "=" in text else text
