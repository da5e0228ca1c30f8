"""Names of assets in commands. The client resolves those in parameters; here are those in bodies and lists, and the advice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from mlgraph.cli.output import count, plain
from mlgraph.domain.uri import SCHEME

if TYPE_CHECKING:
    from mlgraph.client import Client, UnresolvedName
    from mlgraph.client.answer_shapes.name_shapes import MatchedAsset, SimilarName

MOST_LISTED: Final = 10


def explained(error: UnresolvedName) -> tuple[str, str]:
    """Return what is wrong with a name, and what to do next."""
    name = repr(plain(error.name[:200]))
    if error.matches:
        left_out = error.total - MOST_LISTED
        more = [f"  and {left_out:,} more; mlgraph search lists all"] if left_out > 0 else []
        give = "Give a URI of these, or KIND:NAME." if error.kinds_differ else "Give a URI of these."
        return f"{name} may mean {count(error.total, 'asset')}", "\n".join([*_listed(error.matches[:MOST_LISTED]), *more, give])
    near = _listed(error.nearest)
    advice = "\n".join(["The most similar names are:", *near]) if near else "Find assets with: mlgraph search TEXT"
    return f"no asset has the name {name}", advice


def _listed(assets: Sequence[MatchedAsset | SimilarName]) -> list[str]:
    return [f"  {plain(each['kind'])} {plain(each['name'])}  {plain(each['uri'])}" for each in assets]


def uri_of(server: Client, name: str, at_least: int | None = None) -> str:
    """Return the URI of the asset that `name` means; a text that begins with `mlg://` is returned unchanged.

    Raises `UnresolvedName` if it may mean several assets, or none. `at_least`: the watermark that the resolution must include.
    """
    from mlgraph.client.requests import uri_of

    return name if name.startswith(SCHEME) else uri_of(server.resolve(name, at_least=at_least))
