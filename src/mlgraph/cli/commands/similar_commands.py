"""The commands similar and plan: what is built already."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlgraph.cli import output
from mlgraph.cli.asset_names import uri_of
from mlgraph.cli.command_session import AsJson, AtLeast, Limit, Url, run_query
from mlgraph.cli.renderers import similar_renderer

if TYPE_CHECKING:
    from mlgraph.client import Answer, Client
    from mlgraph.client.answer_shapes.similar_shapes import Similar

app = typer.Typer()

Kinds = Annotated[list[str] | None, typer.Option("--kind", help="With a text: only assets of this kind (repeatable).")]


@app.command()
def similar(
    ctx: typer.Context,
    *,
    asset: Annotated[str | None, typer.Argument(metavar="[ASSET]", help="The asset; a version stands for its model.")] = None,
    text: Annotated[str | None, typer.Option("--text", help="What is to be built, in words, in place of an asset.")] = None,
    file: Annotated[Path | None, typer.Option("--file", help="A file with such a text; - is standard input.")] = None,
    not_: Annotated[
        str | None, typer.Option("--not", metavar="B", help="ASSET is no duplicate of B: never show the pair.")
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="With --not: why they are none.")] = None,
    undo: Annotated[bool, typer.Option("--undo", help="With --not: take that back.")] = False,
    kind: Kinds = None,
    limit: Limit = None,
    at_least: AtLeast = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Show what may be a duplicate of an asset, or what exists of what a text describes, with reasons and whom to talk to."""
    if sum(each is not None for each in (asset, text, file)) != 1:
        raise typer.BadParameter("give an ASSET, --text or --file")
    if not_ is not None:
        if asset is None:
            raise typer.BadParameter("--not goes with an ASSET")
        _dismiss(ctx, asset, not_, reason, undo, as_json, url)
        return
    if reason is not None or undo:
        raise typer.BadParameter("--reason and --undo go with --not")
    if asset is not None:
        if kind:
            raise typer.BadParameter("an asset is compared with those of its own kind: --kind goes with a text")
        run_query(
            ctx,
            url,
            as_json,
            lambda server: server.similar(asset, limit=limit, at_least=at_least),
            similar_renderer.similar,
        )
        return
    _of_text(ctx, text if text is not None else _read(file or Path("-")), kind, limit, as_json, url)


@app.command()
def plan(
    ctx: typer.Context,
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A brief or plan, as text of up to 1 MB; - is standard input.")],
    kind: Kinds = None,
    limit: Limit = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Show what exists already of what a brief or plan describes, what to reuse, and whom to talk to."""
    _of_text(ctx, _read(file), kind, limit, as_json, url)


def _of_text(ctx: typer.Context, text: str, kinds: list[str] | None, limit: int | None, as_json: bool, url: str | None) -> None:
    def query(server: Client) -> Answer[Similar]:
        return server.similar_to_text(text, kinds=kinds or (), limit=limit)

    run_query(ctx, url, as_json, query, similar_renderer.similar)


def _dismiss(ctx: typer.Context, asset: str, other: str, reason: str | None, undo: bool, as_json: bool, url: str | None) -> None:
    if undo and reason is not None:
        raise typer.BadParameter("--reason goes with a dismissal, not with --undo")
    run_query(
        ctx,
        url,
        as_json,
        lambda server: (
            server.undo_dismissal(uri_of(server, asset), uri_of(server, other))
            if undo
            else server.dismiss(uri_of(server, asset), uri_of(server, other), reason)
        ),
        similar_renderer.dismissal,
    )


def _read(file: Path) -> str:
    """Return the text of a file. Ends the command with a message if it cannot be read as UTF-8."""
    try:
        content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        return content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        output.fail(f"cannot read {file}: {reason}")
        raise typer.Exit(output.WRONG_USAGE) from None
