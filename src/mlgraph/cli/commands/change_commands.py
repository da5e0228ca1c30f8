"""The command changes."""

from __future__ import annotations

from typing import Annotated

import typer

from mlgraph.cli.command_session import AsJson, AtLeast, Cursor, Limit, Url, run_query
from mlgraph.cli.renderers import change_renderer

app = typer.Typer()


@app.command()
def changes(
    ctx: typer.Context,
    *,
    uri: Annotated[str | None, typer.Argument(metavar="[ASSET]", help="Only this asset and its edges.")] = None,
    from_: Annotated[str | None, typer.Option("--from", metavar="TIME", help="Recorded after it. [default: a day ago]")] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Recorded up to it. [default: now]")] = None,
    owner: Annotated[
        str | None, typer.Option("--owner", metavar="ASSET", help="Only assets of this person or team, or whose team it is.")
    ] = None,
    limit: Limit = None,
    cursor: Cursor = None,
    at_least: AtLeast = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Show what changed lately, newest first: assets and edges that appeared, ended or were altered."""
    run_query(
        ctx,
        url,
        as_json,
        lambda server: server.changes(
            from_,
            to,
            owner=owner,
            uri=uri,
            limit=limit,
            cursor=cursor,
            at_least=at_least,
        ),
        change_renderer.changes,
    )
