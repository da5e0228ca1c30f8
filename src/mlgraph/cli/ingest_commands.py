"""Commands that bring something in: ingest, connectors, connect, sync, sources, dead-letters."""

from __future__ import annotations

import time
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Final

import typer

from mlgraph.cli import asset_renderers, output
from mlgraph.cli.command_session import AsJson, AtLeast, Cursor, Limit, Url, ask, connected

if TYPE_CHECKING:
    from mlgraph.client import Client, source_shapes

app = typer.Typer()

MAX_REJECTIONS: Final = 20
POLL_S: Final = 0.5


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
    """Send files: NDJSON (streamed), a JSON array, or JSON objects over several lines."""
    from mlgraph.cli.uploads import Upload

    upload = Upload(files)
    with connected(ctx, url, as_json) as server:
        _check_format(server, form)
        body, summary = upload.send(server, form)
    if as_json:
        output.write(body)
    else:
        taken = f"accepted {summary['accepted']:,}, duplicates {summary['duplicates']:,}"
        output.draw(f"{taken}, rejected {len(summary['rejected']):,}; watermark {summary['watermark']}")
    for each in summary["rejected"][:MAX_REJECTIONS]:
        where = f" {each['pointer']}" if each["pointer"] else ""
        output.notify(f"{upload.places.of(each['index'])}{where}: {each['message']}")
    if len(summary["rejected"]) > MAX_REJECTIONS:
        output.notify(f"and {len(summary['rejected']) - MAX_REJECTIONS:,} more rejected; --json lists all")
    if summary["rejected"]:
        raise typer.Exit(output.REFUSED)


def _check_format(server: Client, form: str) -> None:
    """Ask the server whether it reads a format, before anything is sent. Raises `typer.BadParameter` with the known ones."""
    from mlgraph.cli.uploads import OWN_FORMATS

    if form in OWN_FORMATS:
        return
    known = [*OWN_FORMATS, *(each["name"] for each in server.connectors().data["connectors"] if each["accepts_events"])]
    if form not in known:
        close = get_close_matches(form, known, n=1)
        hint = f"did you mean {close[0]}? The" if close else "the"
        raise typer.BadParameter(f"unknown format {form!r}; {hint} formats are {', '.join(known)}", param_hint="--format")


@app.command()
def connectors(ctx: typer.Context, at_least: AtLeast = None, as_json: AsJson = False, url: Url = None) -> None:
    """List the connectors of the server: the formats that ingest takes, the tools that connect takes, and what each emits."""
    ask(ctx, url, as_json, lambda server: server.connectors(at_least=at_least), asset_renderers.connectors)


@app.command()
def connect(
    ctx: typer.Context,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="The kind of tool; mlgraph connectors lists them.")],
    address: Annotated[str, typer.Argument(metavar="URL", help="Where the tool answers.")],
    name: Annotated[
        str | None, typer.Option("--name", help="The instance's name in URIs. [default: host:port of the URL]")
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Add a source and read all of its past, with its original times; run again, it goes on where it stopped."""
    with connected(ctx, url, as_json) as server:
        answer = server.connect(source, address, name)
        known_as = answer.data.get("name") or name or address
        try:
            found = _follow(server, known_as)
        except KeyboardInterrupt:
            output.notify("The server goes on reading. mlgraph sources shows how far it is.")
            raise typer.Exit(output.DONE) from None
    if as_json:
        output.write(answer.body)
    if found["state"] == "failed":
        output.fail(
            f"reading {known_as} stopped: {found.get('error') or 'no reason is known'}",
            then=f"Run it again to go on: mlgraph connect {source} {address}{f' --name {name}' if name else ''}",
        )
        raise typer.Exit(output.REFUSED)
    if not as_json:
        done = found.get("done")
        read = f"; {done:,} things read" if done is not None else ""
        output.draw(f"{output.plain(known_as)} is connected and {output.plain(found['state'])}{read}")


def _follow(server: Client, name: str) -> source_shapes.Source:
    """Show how far the backfill is until it is done, and return its last state."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = output.err()
    columns = (TextColumn("reading {task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(output.plain(name), total=None)
        while True:
            listed = server.sources().data["sources"]
            found = next((each for each in listed if each["name"] == name), None)
            if found is None:
                return {"name": name, "kind": "", "url": "", "state": "failed", "error": "the server does not list it"}
            progress.update(task, completed=found.get("done") or 0, total=found.get("total"))
            if found["state"] != "backfilling":
                return found
            time.sleep(POLL_S)


@app.command()
def sync(
    ctx: typer.Context,
    source: Annotated[str | None, typer.Argument(metavar="[SOURCE]", help="Its name; all without one.")] = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Compare a source with the graph now: what no event told, deletions and renames included."""
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
    """List the connected tools: state, lag, errors, sweeps. `sources test NAME` tries one."""
    if ctx.invoked_subcommand is None:
        ask(ctx, url, as_json, lambda server: server.sources(at_least=at_least), asset_renderers.sources)


@known.command("test")
def try_source(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The source's name.")],
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Reach a source once, with its credentials, and say what was found, or what to fix (exit code 1)."""
    with connected(ctx, url, as_json) as server:
        answer = server.test_source(name)
    if as_json:
        output.write(answer.body)
    else:
        output.draw(asset_renderers.source_test(answer.data))
    if not answer.data["ok"]:
        output.fail(answer.data["error"] or "no reason is known", then="Its url and credentials stand in mlgraph.yaml.")
        raise typer.Exit(output.REFUSED)


@app.command("dead-letters")
def dead_letters(
    ctx: typer.Context,
    replay: Annotated[int | None, typer.Option("--replay", metavar="ID", min=0, help="Try this one again.")] = None,
    limit: Limit = None,
    cursor: Cursor = None,
    at_least: AtLeast = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """List what was taken and could not be worked on, or try one again."""
    if replay is not None:
        letter = replay
        ask(ctx, url, as_json, lambda server: server.replay(letter), lambda _: f"dead letter {letter} went through")
        return
    ask(
        ctx,
        url,
        as_json,
        lambda server: server.dead_letters(limit=limit, cursor=cursor, at_least=at_least),
        asset_renderers.dead_letters,
    )
