"""The commands ingest, connectors, sync, sources and dead-letters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from mlgraph.cli import output
from mlgraph.cli.command_session import AsJson, AtLeast, Cursor, Limit, Url, connected, run_query
from mlgraph.cli.renderers import asset_renderers
from mlgraph.domain.text.suggestions import did_you_mean

if TYPE_CHECKING:
    from mlgraph.client import Client

app = typer.Typer()

MAX_REJECTIONS: Final = 20


@app.command()
def ingest(
    ctx: typer.Context,
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Files of JSON; - is standard input.")],
    form: Annotated[
        str,
        typer.Option("--format", help="facts, cloudevents, or a format that mlgraph connectors lists."),
    ] = "facts",
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Send files: NDJSON (streamed), a JSON array, or JSON objects over several lines.

    Details of events that cannot be read are left out and listed on standard error; the exit code is 1 only for rejected items.
    """
    from mlgraph.cli.renderers.warning_lines import warning_lines
    from mlgraph.cli.uploads import Upload

    upload = Upload(files)
    with connected(ctx, url, as_json) as server:
        _check_format(server, form)
        body, summary = upload.send(server, form)
    if as_json:
        output.write(body)
    else:
        stored = f"accepted {summary['accepted']:,}, duplicates {summary['duplicates']:,}"
        output.draw(f"{stored}, rejected {len(summary['rejected']):,}; watermark {summary['watermark']}")
    for line in warning_lines(summary, upload.places.of):
        output.notify(line)
    for each in summary["rejected"][:MAX_REJECTIONS]:
        where = f" {each['pointer']}" if each["pointer"] else ""
        output.notify(f"{upload.places.of(each['index'])}{where}: {each['message']}")
    if len(summary["rejected"]) > MAX_REJECTIONS:
        output.notify(f"and {len(summary['rejected']) - MAX_REJECTIONS:,} more rejected; --json lists all")
    if summary["rejected"]:
        raise typer.Exit(output.REFUSED)


def _check_format(server: Client, form: str) -> None:
    """Check that the server accepts a format. Raises `typer.BadParameter`, which lists the known formats, if it does not."""
    from mlgraph.cli.uploads import OWN_FORMATS

    if form in OWN_FORMATS:
        return
    known = [*OWN_FORMATS, *(each["name"] for each in server.connectors().data["connectors"] if each["accepts_events"])]
    if form not in known:
        hint = did_you_mean(form, known, "", quoted=False)
        start = f"{hint} The" if hint else "the"
        raise typer.BadParameter(f"unknown format {form!r}; {start} formats are {', '.join(known)}", param_hint="--format")


@app.command()
def connectors(ctx: typer.Context, at_least: AtLeast = None, as_json: AsJson = False, url: Url = None) -> None:
    """List the connectors of the server: the formats that ingest accepts, the tools that connect accepts, and what each emits."""
    run_query(ctx, url, as_json, lambda server: server.connectors(at_least=at_least), asset_renderers.connectors)


@app.command()
def sync(
    ctx: typer.Context,
    source: Annotated[str | None, typer.Argument(metavar="[SOURCE]", help="The source's name. [default: all sources]")] = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Reconcile a source with the graph now: changes that no event reported, deletions and renames included."""
    with connected(ctx, url, as_json) as server:
        answer = server.sync(source)
        if as_json:
            output.write(answer.body)
        else:
            output.draw(asset_renderers.sources(server.sources().data))


known = typer.Typer(invoke_without_command=True)
app.add_typer(known, name="sources")


@known.callback()
def sources(ctx: typer.Context, at_least: AtLeast = None, as_json: AsJson = False, url: Url = None) -> None:
    """List the connected tools: state, lag, errors, sweeps. `sources test NAME` tests one."""
    if ctx.invoked_subcommand is None:
        run_query(ctx, url, as_json, lambda server: server.sources(at_least=at_least), asset_renderers.sources)


@known.command("test")
def try_source(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The source's name.")],
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Connect to a source once, with its credentials, and print the objects found, or what to fix (exit code 1)."""
    with connected(ctx, url, as_json) as server:
        answer = server.test_source(name)
    if as_json:
        output.write(answer.body)
    else:
        output.draw(asset_renderers.source_test(answer.data))
    if not answer.data["ok"]:
        output.fail(answer.data["error"] or "no reason is known", then="Its url and credentials are set in mlgraph.yaml.")
        raise typer.Exit(output.REFUSED)


@app.command("dead-letters")
def dead_letters(
    ctx: typer.Context,
    replay: Annotated[int | None, typer.Option("--replay", metavar="ID", min=0, help="Process this one again.")] = None,
    limit: Limit = None,
    cursor: Cursor = None,
    at_least: AtLeast = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """List input that was accepted and could not be processed, or process one again."""
    if replay is not None:
        letter = replay
        run_query(ctx, url, as_json, lambda server: server.replay(letter), lambda _: f"dead letter {letter} was processed")
        return
    run_query(
        ctx,
        url,
        as_json,
        lambda server: server.dead_letters(limit=limit, cursor=cursor, at_least=at_least),
        asset_renderers.dead_letters,
    )
