"""Shared parts of all commands: common options, the connection to the server, error messages and exit codes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer
from typer.core import TyperGroup

from mlgraph.cli import output
from mlgraph.domain.options.walk_options import LevelName

if TYPE_CHECKING:
    from rich.console import RenderableType

    from mlgraph.client import Answer, Client

T = TypeVar("T")
DEFAULT_URL: Final = "http://127.0.0.1:8765"

Url = Annotated[str | None, typer.Option("--url", help=f"The server. [default: MLGRAPH_URL, or {DEFAULT_URL}]")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the HTTP body unchanged.")]
AtLeast = Annotated[int | None, typer.Option("--at-least", min=0, help="Wait until the answer includes this watermark.")]
Uri = Annotated[str, typer.Argument(metavar="ASSET", help="The asset: its URI, KIND:NAME, or a name that is its alone.")]
AsOf = Annotated[
    str | None, typer.Option("--as-of", metavar="TIME", help="The moment to answer for, such as 2026-11-01T00:00:00Z.")
]
Level = Annotated[LevelName | None, typer.Option("--level", help="Workflows, or single runs.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="How many to list at most.")]
Cursor = Annotated[str | None, typer.Option("--cursor", help="The frontier of a partial answer, to continue it.")]
NoFold = Annotated[bool, typer.Option("--no-fold", help="Show assets that noise rules hide, such as temporary tables.")]


@dataclass
class Session:
    """Options that precede the command, and state that the error handling needs."""

    url: str | None = None
    as_json: bool = False


class Commands(TyperGroup):
    """The group of all commands, which turns exceptions into a message on standard error and an exit code."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - the signature of the base class
        """Run the command. Raises `typer.Exit` with code 1, 2 or 3 if it fails."""
        session = ctx.ensure_object(Session)
        # `_exit_code` imports the HTTP library, so it is called only after a failure.
        try:
            return super().invoke(ctx)
        except Exception as error:
            code = _exit_code(error, session)
            if code is None:
                raise
            raise typer.Exit(code) from error


def _exit_code(error: Exception, session: Session) -> int | None:
    """Write the message of a known error and return its exit code; None for any other exception."""
    from mlgraph.cli.asset_names import explained
    from mlgraph.client import ClientError, ServerNotReachable, UnresolvedName
    from mlgraph.domain.errors import MlgraphError

    if isinstance(error, ServerNotReachable):
        output.fail(str(error), then="Is it running? Start it with: mlgraph up   (--url or MLGRAPH_URL names another)")
        return output.NOT_REACHABLE
    if isinstance(error, ClientError):
        if session.as_json:
            output.write(error.body)
        output.fail(f"{error.title}: {error.detail}", error.pointer, _advice(error.status))
        if error.status in (400, 405, 413, 415, 422):
            return output.WRONG_USAGE
        return output.NOT_REACHABLE if error.status in (502, 503, 504) else output.REFUSED
    if isinstance(error, UnresolvedName):
        if session.as_json:
            output.write(error.body)
        message, advice = explained(error)
        output.fail(message, then=advice)
        return output.WRONG_USAGE if error.matches else output.REFUSED
    if isinstance(error, MlgraphError):
        output.fail(f"{error.title}: {error.detail}", error.pointer)
        return output.REFUSED
    return None


def _advice(status: int) -> str | None:
    return {
        401: "Set the environment variable MLGRAPH_TOKEN to the token.",
        503: "Try again in a moment.",
    }.get(status)


@contextlib.contextmanager
def connected(ctx: typer.Context, url: str | None, as_json: bool) -> Generator[Client]:
    """Yield a client for the server that the options or the environment name. Raises `typer.BadParameter` for a bad URL."""
    from mlgraph.client import Client

    session = ctx.ensure_object(Session)
    session.as_json = as_json
    try:
        client = Client(url or session.url or os.environ.get("MLGRAPH_URL") or DEFAULT_URL)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--url") from None
    with client:
        yield client


def run_query(
    ctx: typer.Context,
    url: str | None,
    as_json: bool,
    query: Callable[[Client], Answer[T]],
    renderer: Callable[[T], RenderableType],
) -> None:
    """Send a query to the server, and print the body (`as_json`) or the rendered answer."""
    with connected(ctx, url, as_json) as client:
        answer = query(client)
    if as_json:
        output.write(answer.body)
    else:
        output.draw(renderer(answer.data))
