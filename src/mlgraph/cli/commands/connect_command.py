"""The command connect: the tools that can be connected, the lines that a tool needs, and connecting one."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from mlgraph.cli import output
from mlgraph.cli.command_session import AsJson, Url, connected
from mlgraph.cli.folder_upload import is_folder_of, send_folder
from mlgraph.cli.renderers import connect_renderer
from mlgraph.domain.text.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlgraph.client import Client
    from mlgraph.client.answer_shapes import source_shapes

app = typer.Typer()

POLL_S: Final = 0.5
_NAME: Final = "<NAME>"
_TOKEN: Final = "<TOKEN>"  # noqa: S105 - it stands for one


@app.command()
def connect(
    ctx: typer.Context,
    source: Annotated[str | None, typer.Argument(metavar="[TOOL]", help="The kind of tool. [default: list the tools]")] = None,
    address: Annotated[
        str | None,
        typer.Argument(
            metavar="[URL|FOLDER]",
            help="The URL of the tool, or the folder of the files that it writes. [default: print the lines that the tool needs]",
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="The instance's name in URIs. [default: host:port of the URL]")
    ] = None,
    scope: Annotated[
        str | None, typer.Option("--scope", help="Prefix of names that are ambiguous outside their machine, such as files.")
    ] = None,
    place: Annotated[
        str | None, typer.Option("--place", help="The system of the tables that the tool names without their place.")
    ] = None,
    registry: Annotated[
        str | None, typer.Option("--registry", help="The registry of the models that the tool names, as KIND:NAME of its source.")
    ] = None,
    profiles: Annotated[
        Path | None, typer.Option("--profiles", help="The folder of the tool's settings, which tell the place. Only with FOLDER.")
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """List the tools; print the lines with which one sends to the server; or connect one.

    A URL is added as a source, and its history is backfilled with the original times; run the command again to resume it. The
    files of a folder are read where the command runs, and sent.
    """
    settings = {"scope": scope, "place": place, "registry": registry}
    with connected(ctx, url, as_json) as server:
        if source is None:
            answer = server.connectors()
            output.write(answer.body) if as_json else output.draw(connect_renderer.tools(answer.data))
        elif address is None:
            _print_setup(server.connectors().data, source, name or source, scope, as_json=as_json)
        elif is_folder_of(source, address):
            if name is not None or registry is not None:
                raise typer.BadParameter("a folder has no --name and no --registry", param_hint="FOLDER")
            send_folder(server, source, address, place=place, scope=scope, profiles=profiles, as_json=as_json)
            if not as_json and setup_of(server.connectors().data["connectors"], source):
                output.draw(connect_renderer.further_lines(source))
        elif profiles is not None:
            raise typer.BadParameter("is only for the folder of a tool's files", param_hint="--profiles")
        else:
            _connect(server, source, address, name, settings, as_json=as_json)


def _print_setup(answer: source_shapes.Connectors, tool: str, name: str, scope: str | None, *, as_json: bool) -> None:
    """Print the lines that a tool needs to send to the server. Raises `typer.BadParameter` for a tool without any."""
    found = setup_of(answer["connectors"], tool)
    if not found:
        raise typer.BadParameter(_no_setup(answer["connectors"], tool), param_hint="TOOL")
    token = secrets.token_urlsafe(32) if answer["needs_token"] else None
    setup: list[dict[str, Any]] = [
        {
            "tool": each["tool"],
            "where": each["where"],
            "lines": [line.replace(_NAME, name).replace(_TOKEN, token or _TOKEN) for line in each["lines"]],
        }
        for each in found
    ]
    if token is not None:
        digest = hashlib.sha256(token.encode()).hexdigest()
        entry = {"sha256": digest, "actor": name, "source": name, "scope": scope or name}
        where = "an entry of the token file of the server; tools that read the same disks have one scope"
        setup.insert(0, {"tool": tool, "where": where, "lines": [json.dumps(entry)]})
    if as_json:
        output.write(json.dumps({"setup": setup}).encode())
    else:
        output.draw(connect_renderer.setup(setup))


def setup_of(connectors: Sequence[source_shapes.Connector], tool: str) -> list[source_shapes.Setup]:
    """Return the lines for a tool: those of the connector of this name, else those that others have for it."""
    listed = [(each["name"], setup) for each in connectors for setup in each["setup"] if setup["tool"] == tool]
    own = [setup for name, setup in listed if name == tool]
    return own or [setup for _, setup in listed]


def _no_setup(connectors: Sequence[source_shapes.Connector], tool: str) -> str:
    pulled = [each["name"] for each in connectors if each["connects"]]
    if tool in pulled:
        return f"mlgraph reads {tool}: give its URL, mlgraph connect {tool} URL"
    known = list(dict.fromkeys([*pulled, *(setup["tool"] for each in connectors for setup in each["setup"])]))
    hint = did_you_mean(tool, known, "", quoted=False)
    start = f"{hint} The" if hint else "the"
    return f"unknown tool {tool!r}; {start} tools are {', '.join(known)}"


def _connect(
    server: Client, kind: str, address: str, name: str | None, settings: dict[str, str | None], *, as_json: bool
) -> None:
    answer = server.connect(kind, address, name, **settings)
    known_as = answer.data.get("name") or name or address
    try:
        source = _wait_for_backfill(server, known_as)
    except KeyboardInterrupt:
        output.notify("The server continues to read. mlgraph sources shows its progress.")
        raise typer.Exit(output.DONE) from None
    if as_json:
        output.write(answer.body)
    if source["state"] == "failed":
        output.fail(
            f"reading {known_as} stopped: {source.get('error') or 'no reason is known'}",
            then=f"Run it again to continue: mlgraph connect {kind} {address}{f' --name {name}' if name else ''}",
        )
        raise typer.Exit(output.REFUSED)
    if not as_json:
        output.draw(connect_renderer.connected(source))
        if setup_of(server.connectors().data["connectors"], kind):
            output.draw(connect_renderer.further_lines(kind))


def _wait_for_backfill(server: Client, name: str) -> source_shapes.Source:
    """Show the progress of a backfill until it ends, and return the last state of the source."""
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
