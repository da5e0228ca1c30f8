"""Names of the objects of a feature store: `feast:INSTANCE`, `PROJECT/NAME`, whichever tool names them (docs/naming.md)."""

from __future__ import annotations

from typing import Final

from mlgraph.domain.naming.scoping import scoped
from mlgraph.domain.uri import MAX_NAME_BYTES, AssetUri, shortened_name

_STORE: Final = "feast"


def feature_store_namespace(instance: str | None, scope: str | None = None) -> str:
    """Return the namespace of the objects of a feature store.

    An instance that the tool does not report is the one within the scope of the sender: `feast:SCOPE`, or `feast` without a
    scope. The connector of an instance declares its objects under that name as aliases.
    """
    known = (instance or "").removeprefix(f"{_STORE}:")
    if known in ("", _STORE):
        return f"{_STORE}:{scope}" if scope else _STORE
    return f"{_STORE}:{scoped(known, scope)}"


def feature_store_object(kind: str, namespace: str, project: str, name: str) -> AssetUri:
    """Return the URI of an object of a project: `PROJECT/NAME`, a feature `PROJECT/VIEW:NAME`. Raises `InvalidInput`."""
    return AssetUri(kind, namespace, shortened_name(f"{project}/{name}", MAX_NAME_BYTES))
