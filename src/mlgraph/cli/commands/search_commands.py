"""The command search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mlgraph.cli.asset_names import uri_of
from mlgraph.cli.command_session import AsJson, AtLeast, Cursor, Limit, Url, run_query
from mlgraph.cli.renderers import search_renderer
from mlgraph.domain.options.search_options import DEFAULT_LIMIT, SearchOptions

if TYPE_CHECKING:
    from mlgraph.client import Client

app = typer.Typer()


@app.command()
def search(
    ctx: typer.Context,
    *,
    text: Annotated[
        list[str] | None, typer.Argument(metavar="[TEXT]...", help="Words, a name or a URI; without it, all assets.")
    ] = None,
    kind: Annotated[list[str] | None, typer.Option("--kind", help="Only this kind (repeatable).")] = None,
    owner: Annotated[list[str] | None, typer.Option("--owner", metavar="ASSET", help="Only assets of this owner.")] = None,
    team: Annotated[list[str] | None, typer.Option("--team", metavar="ASSET", help="Only assets of this team.")] = None,
    tag: Annotated[list[str] | None, typer.Option("--tag", help="Only assets with this tag.")] = None,
    platform: Annotated[list[str] | None, typer.Option("--platform", help="Only assets in this system, such as s3.")] = None,
    environment: Annotated[list[str] | None, typer.Option("--environment", help="Only assets of this environment.")] = None,
    state: Annotated[
        list[str] | None,
        typer.Option("--state", help="Only assets that are live, deprecated or deleted; deleted ones are listed on request."),
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show how each rank came about.")] = False,
    limit: Limit = None,
    cursor: Cursor = None,
    at_least: AtLeast = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Find assets by name, description, columns, tags, owners or meaning."""
    query = " ".join(text or ())

    def options(server: Client) -> SearchOptions:
        owners = tuple(uri_of(server, name, at_least) for name in owner or ())
        teams = tuple(uri_of(server, name, at_least) for name in team or ())
        return SearchOptions(
            tuple(kind or ()),
            owners,
            teams,
            tuple(tag or ()),
            tuple(platform or ()),
            tuple(environment or ()),
            tuple(state or ()),
            limit=limit or DEFAULT_LIMIT,
            cursor=cursor,
            explain=explain,
        )

    run_query(ctx, url, as_json, lambda server: server.search(query, options(server), at_least=at_least), search_renderer.search)
