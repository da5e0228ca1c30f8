"""Names of assets in commands: a URI is sent as it is, any other text is resolved by the server first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from mlgraph.cli.output import count, plain
from mlgraph.domain.uri import SCHEME

if TYPE_CHECKING:
    from mlgraph.client import Answer, Client
    from mlgraph.client.answer_shapes.name_shapes import MatchedAsset, ResolvedName, SimilarName

MOST_LISTED: Final = 10


class NameNotResolved(Exception):
    """A name that may mean several assets (`is_ambiguous`), or none. `body` is the answer of the server."""

    def __init__(self, answer: Answer[ResolvedName]) -> None:
        """Create the error from the answer of the server."""
        self.body = answer.body
        resolution = answer.data
        self.is_ambiguous = bool(resolution["matches"])
        name = repr(plain(resolution["name"][:200]))
        if self.is_ambiguous:
            super().__init__(f"{name} may mean {count(resolution['total'], 'asset')}")
            left_out = resolution["total"] - MOST_LISTED
            more = [f"  and {left_out:,} more; mlgraph search lists all"] if left_out > 0 else []
            kinds_differ = len({each["kind"] for each in resolution["matches"]}) > 1
            give = "Give a URI of these, or KIND:NAME." if kinds_differ else "Give a URI of these."
            self.advice = "\n".join([*_listed(resolution["matches"][:MOST_LISTED]), *more, give])
        else:
            super().__init__(f"no asset has the name {name}")
            near = _listed(resolution["nearest"])
            self.advice = "\n".join(["The most similar names are:", *near]) if near else "Find assets with: mlgraph search TEXT"


def _listed(assets: Sequence[MatchedAsset | SimilarName]) -> list[str]:
    return [f"  {plain(each['kind'])} {plain(each['name'])}  {plain(each['uri'])}" for each in assets]


def uri_of(server: Client, name: str, at_least: int | None = None) -> str:
    """Return the URI of the asset that `name` means; a text that begins with `mlg://` is returned unchanged.

    Raises `NameNotResolved` if it may mean several assets, or none. `at_least`: the watermark that the resolution must include.
    """
    if name.startswith(SCHEME):
        return name
    answer = server.resolve(name, at_least=at_least)
    uri = answer.data["uri"]
    if uri is None:
        raise NameNotResolved(answer)
    return uri


def uri_if_given(server: Client, name: str | None, at_least: int | None = None) -> str | None:
    """Return `uri_of` a name; None for None."""
    return None if name is None else uri_of(server, name, at_least)
