"""The command team."""

from __future__ import annotations

from typing import Annotated

import typer

from mlgraph.cli.command_session import AsJson, AtLeast, Url, run_query
from mlgraph.cli.renderers import team_renderer

app = typer.Typer()


@app.command()
def team(
    ctx: typer.Context,
    uri: Annotated[str, typer.Argument(metavar="TEAM", help="The team, such as team:data-platform.")],
    *,
    as_of: Annotated[str | None, typer.Option("--as-of", metavar="TIME", help="The moment to answer for. [default: now]")] = None,
    at_least: AtLeast = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Show what a team owns, which teams it depends on, and which depend on it."""
    run_query(ctx, url, as_json, lambda server: server.team(uri, as_of=as_of, at_least=at_least), team_renderer.team)
