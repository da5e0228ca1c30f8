"""The commands show, lineage, impact, propagation, path, diff, why, live and export."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

import typer

from mlgraph.cli import output
from mlgraph.cli.changed_files import Base, Changed, FailOn, Format, Head, Strict, impact_of_changed_files
from mlgraph.cli.command_session import (
    AsJson,
    AsOf,
    AtLeast,
    Cursor,
    Level,
    Limit,
    NoFold,
    Uri,
    Url,
    connected,
    run_query,
)
from mlgraph.cli.renderers import asset_renderers, closure_renderers, propagation_renderer
from mlgraph.cli.walk_options import takes_walk_options
from mlgraph.domain.options.walk_options import DEFAULTS, WalkOptions

app = typer.Typer()


@app.command()
def show(
    ctx: typer.Context,
    *,
    uri: Uri,
    as_of: AsOf = None,
    at_least: AtLeast = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Show an asset: its attributes, relations, history and health."""
    run_query(
        ctx,
        url,
        as_json,
        lambda server: server.asset(uri, as_of=as_of, at_least=at_least),
        asset_renderers.asset,
    )


@app.command()
@takes_walk_options
def lineage(
    ctx: typer.Context,
    *,
    uri: Uri,
    options: WalkOptions,
    at_least: AtLeast = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Show everything downstream or upstream of an asset."""
    run_query(
        ctx,
        url,
        as_json,
        lambda server: server.lineage(uri, options, at_least=at_least),
        closure_renderers.lineage,
    )


@app.command()
@takes_walk_options
def impact(
    ctx: typer.Context,
    *,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ASSET|FILE...", help="The asset: its URI, KIND:NAME, or a name that is its alone; with --changed, files."
        ),
    ] = None,
    change: Annotated[
        Literal["schema", "values", "withdraw", "retire"] | None,
        typer.Option(
            "--change",
            help="The shape changes, the values were wrong, the asset may no longer be used, it is removed. "
            "Without it, every reached asset is listed.",
        ),
    ] = None,
    changed: Changed = False,
    base: Base = None,
    head: Head = None,
    form: Format = None,
    fail_on: FailOn = None,
    strict: Strict = False,
    options: WalkOptions,
    at_least: AtLeast = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Show the assets that a change can hurt, how severely, and the owners to notify; with --changed, of a pull request."""
    if changed:
        if change is not None or at_least is not None or replace(options, limit=DEFAULTS.limit) != DEFAULTS:
            raise typer.BadParameter(
                "with --changed, the other options are --base, --head, --format, --fail-on, --strict, --limit"
            )
        limit = options.limit if options.limit != DEFAULTS.limit else None
        how = "json" if as_json else form or "markdown"
        impact_of_changed_files(
            ctx, names or (), base=base, head=head, form=how, fail_on=fail_on, strict=strict, limit=limit, url=url
        )
        return
    if names is None or len(names) != 1:
        raise typer.BadParameter("name one asset; --changed takes files", param_hint="ASSET")
    if strict or any(each is not None for each in (base, head, form, fail_on)):
        raise typer.BadParameter("--base, --head, --format, --fail-on and --strict belong to --changed")
    uri = names[0]
    run_query(
        ctx,
        url,
        as_json,
        lambda server: server.impact(uri, options, change=change, at_least=at_least),
        closure_renderers.impact,
    )


@app.command()
def propagation(
    ctx: typer.Context,
    *,
    uri: Uri,
    since: Annotated[str, typer.Option("--since", metavar="TIME", help="When the asset changed.")],
    as_of: AsOf = None,
    limit: Limit = None,
    cursor: Cursor = None,
    at_least: AtLeast = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Show which consumers have rebuilt since an asset changed, which use the old state, and which failed."""
    run_query(
        ctx,
        url,
        as_json,
        lambda server: server.propagation(uri, since, as_of=as_of, limit=limit, cursor=cursor, at_least=at_least),
        propagation_renderer.propagation,
    )


@app.command()
def path(
    ctx: typer.Context,
    *,
    a: Annotated[str, typer.Argument(metavar="A", help="The asset at one end.")],
    b: Annotated[str, typer.Argument(metavar="B", help="The asset at the other end.")],
    level: Level = None,
    as_of: AsOf = None,
    no_fold: NoFold = False,
    at_least: AtLeast = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Show the shortest path between two assets."""
    run_query(
        ctx,
        url,
        as_json,
        lambda s: s.path(
            a,
            b,
            level=level,
            as_of=as_of,
            fold=False if no_fold else None,
            at_least=at_least,
        ),
        closure_renderers.path,
    )


@app.command()
def diff(
    ctx: typer.Context,
    *,
    from_: Annotated[str, typer.Option("--from", metavar="TIME", help="The earlier moment.")],
    to: Annotated[str, typer.Option("--to", metavar="TIME", help="The later moment.")],
    uri: Annotated[str | None, typer.Argument(metavar="[ASSET]", help="Only changes of this asset and its edges.")] = None,
    limit: Limit = None,
    at_least: AtLeast = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Show the changes between two moments."""
    run_query(
        ctx,
        url,
        as_json,
        lambda s: s.diff(from_, to, uri, limit=limit, at_least=at_least),
        asset_renderers.diff,
    )


@app.command()
def why(
    ctx: typer.Context,
    *,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="The asset at which the edge begins.")],
    relation: Annotated[str, typer.Argument(metavar="RELATION", help="The relation, such as input_to.")],
    target: Annotated[str, typer.Argument(metavar="TARGET", help="The asset at which the edge ends.")],
    as_of: AsOf = None,
    at_least: AtLeast = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Show the origins of an edge, with validity and recording time; for an inferred edge also its premises."""
    run_query(
        ctx,
        url,
        as_json,
        lambda s: s.why(source, relation, target, as_of=as_of, at_least=at_least),
        asset_renderers.why,
    )


@app.command()
def live(
    ctx: typer.Context,
    *,
    service: Annotated[str | None, typer.Argument(metavar="[SERVICE]", help="Only this service.")] = None,
    team: Annotated[str | None, typer.Option("--team", metavar="ASSET", help="Only services of this team.")] = None,
    as_of: AsOf = None,
    at_least: AtLeast = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Show the versions that serve each service."""
    run_query(
        ctx,
        url,
        as_json,
        lambda server: server.live(service, team=team, as_of=as_of, at_least=at_least),
        asset_renderers.live,
    )


@app.command()
def export(
    ctx: typer.Context,
    *,
    at_least: AtLeast = None,
    as_json: Annotated[bool, typer.Option("--json", help="No effect: the export is the HTTP body.")] = False,
    url: Url = None,
) -> None:
    """Write all facts as NDJSON, in a stable order, as input for mlgraph ingest of another server."""
    with connected(ctx, url, as_json) as server:
        for piece in server.export(at_least=at_least):
            output.write(piece)
