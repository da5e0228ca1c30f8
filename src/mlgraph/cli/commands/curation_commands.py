"""The command annotate: what people write about an asset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mlgraph.cli.asset_names import uri_of
from mlgraph.cli.command_session import AsJson, Url, run_query
from mlgraph.cli.renderers import field_renderers
from mlgraph.domain.curation.merging import FIELDS

if TYPE_CHECKING:
    from mlgraph.client import Client
    from mlgraph.client.answer_shapes.curation_shapes import Annotation

app = typer.Typer()

Texts = list[str]


@app.command()
def annotate(
    ctx: typer.Context,
    *,
    asset: Annotated[str, typer.Argument(metavar="ASSET", help="The asset.")],
    description: Annotated[str | None, typer.Option("--description", help="What it is, and what it is for.")] = None,
    owner: Annotated[
        Texts | None, typer.Option("--owner", metavar="ASSET", help="Who answers for it: all owners, in the place of all others.")
    ] = None,
    tag: Annotated[Texts | None, typer.Option("--tag", metavar="TAG", help="A tag to add.")] = None,
    untag: Annotated[Texts | None, typer.Option("--untag", metavar="TAG", help="A tag to remove, whoever set it.")] = None,
    link: Annotated[Texts | None, typer.Option("--link", metavar="URL", help="A page about it, to add.")] = None,
    deprecated: Annotated[
        bool | None, typer.Option("--deprecated/--not-deprecated", help="Whether it should not be used any more.")
    ] = None,
    successor: Annotated[str | None, typer.Option("--successor", metavar="ASSET", help="What to use in its place.")] = None,
    undo: Annotated[
        Texts | None,
        typer.Option(
            "--undo", metavar="FIELD", help=f"Take back what people wrote; what sources report counts again: {', '.join(FIELDS)}."
        ),
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Write about an asset. What you write outranks what sources report, is kept through every sync, and can be undone."""
    change: Annotation = {}
    if description is not None:
        change["description"] = description
    if owner:
        change["owners"] = owner
    if tag or untag:
        change["tags"] = {"add": tag or [], "remove": untag or []}
    if link:
        change["links"] = {"add": link}
    if deprecated is not None:
        change["deprecated"] = deprecated
    if successor is not None:
        change["successor"] = successor
    _add_undone(change, undo or [])
    if not change:
        raise typer.BadParameter("say what to write, such as --description TEXT, or what to take back: --undo FIELD")
    run_query(
        ctx,
        url,
        as_json,
        lambda server: server.annotate(uri_of(server, asset), _with_uris(server, change)),
        field_renderers.annotated,
    )


def _with_uris(server: Client, change: Annotation) -> Annotation:
    """Return the change with the URIs of the owners and the successor that it names."""
    found = change.copy()
    if owners := change.get("owners"):
        found["owners"] = [uri_of(server, name) for name in owners]
    if successor := change.get("successor"):
        found["successor"] = uri_of(server, successor)
    return found


def _add_undone(change: Annotation, undone: Texts) -> None:
    """Add the fields to take back. Raises `typer.BadParameter` for a field that is not known or is also to be written."""
    for field in undone:
        if field not in FIELDS:
            raise typer.BadParameter(f"unknown field {field!r}; the fields are {', '.join(FIELDS)}", param_hint="--undo")
        if field in change:
            raise typer.BadParameter(f"{field!r} is to be written and taken back", param_hint="--undo")
        change[field] = None  # type: ignore[literal-required] # it is one of FIELDS
