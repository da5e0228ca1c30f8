"""Handles: short names of assets in answers for agents, which every process over the same store resolves without state.

A handle is `@KIND.NUMBER.CHECK`: the kind and the store's number of the asset, and three digits derived from its URI. The digits
make a handle of another store, whose numbers mean other assets, an error instead of a wrong answer.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from mlgraph.domain.errors import UnknownAsset
from mlgraph.domain.vocabulary import KIND_NAMES
from mlgraph.graph.csr.snapshot import GraphVersion

_HANDLE: Final = re.compile(r"@([a-z_]{1,20})\.([0-9]{1,10})\.([0-9]{3})", re.ASCII)


def is_handle(text: str) -> bool:
    """Return whether a text is meant as a handle: no URI and no kind begins with `@`."""
    return text.startswith("@") and _HANDLE.fullmatch(text) is not None


def number_of_handle(handle: str) -> int:
    """Return the number of the asset in a handle, for which `is_handle` is true."""
    found = _HANDLE.fullmatch(handle)
    return int(found[2]) if found else 0


def handle_of(graph: GraphVersion, asset: int) -> str:
    """Return the handle of an asset."""
    uri = graph.asset_index.uri(asset)
    return f"@{KIND_NAMES[graph.asset_index.kind(asset)]}.{asset}.{_check(uri)}"


def uri_of_handle(graph: GraphVersion, handle: str) -> str:
    """Return the URI of the asset with a handle. Raises `UnknownAsset` if no asset of the graph has it."""
    number = number_of_handle(handle)
    known = 0 < number < len(graph.asset_index) and bool(graph.asset_index.uri(number))
    if not known or handle_of(graph, number) != handle:
        raise UnknownAsset(
            f"no asset has the handle {handle[:60]}: handles are those of earlier answers of this server; use its URI or name"
        )
    return graph.asset_index.uri(number)


def _check(uri: str) -> str:
    digest = hashlib.blake2b(uri.encode(), digest_size=4).digest()
    return f"{int.from_bytes(digest) % 1000:03}"
