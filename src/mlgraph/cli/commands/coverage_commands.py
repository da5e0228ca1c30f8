"""The command coverage."""

from __future__ import annotations

from typing import Annotated

import typer

from mlgraph.cli.command_session import AsJson, AtLeast, Limit, Url, run_query
from mlgraph.cli.renderers import coverage_renderer

app = typer.Typer()


@app.command()
def coverage(
    ctx: typer.Context,
    *,
    as_of: Annotated[str | None, typer.Option("--as-of", metavar="TIME", help="The moment to answer for. [default: now]")] = None,
    limit: Limit = None,
    at_least: AtLeast = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Show what is known of the model versions that serve, and the line that mends each gap."""
    run_query(
        ctx,
        url,
        as_json,
        lambda server: server.coverage(as_of=as_of, limit=limit, at_least=at_least),
        coverage_renderer.coverage,
    )
