"""The commands names, same and apart: the names of assets, and declarations about them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mlgraph.cli import output
from mlgraph.cli.asset_names import uri_of
from mlgraph.cli.command_session import AsJson, AtLeast, Url, connected, run_query
from mlgraph.cli.output import plain, span

if TYPE_CHECKING:
    from mlgraph.client.answer_shapes import ingest_shapes, name_shapes
    from mlgraph.client.responses import Answer

app = typer.Typer()

From = Annotated[str | None, typer.Option("--from", metavar="TIME", help="When the declaration becomes valid. [default: now]")]


@app.command()
def names(
    ctx: typer.Context,
    *,
    uri: Annotated[str | None, typer.Argument(metavar="[ASSET]", help="Only the names of this asset.")] = None,
    at_least: AtLeast = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Show the names that an asset has had; without a URI, the ambiguous names, which several assets claim."""
    run_query(ctx, url, as_json, lambda server: server.names(uri, at_least=at_least), _names)


@app.command()
def same(
    ctx: typer.Context,
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The asset that is another name; with --undo its URI.")],
    asset: Annotated[str, typer.Argument(metavar="ASSET", help="The asset that it names.")],
    from_: From = None,
    undo: Annotated[bool, typer.Option("--undo", help="Withdraw the declaration: the names are separate assets again.")] = False,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Declare that a name is another name of an asset: both become one asset, which either name finds."""
    _declare(ctx, name, asset, {}, from_, undo, as_json, url)


@app.command()
def apart(
    ctx: typer.Context,
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="One asset; with --undo its URI.")],
    asset: Annotated[str, typer.Argument(metavar="ASSET", help="The other asset.")],
    from_: From = None,
    undo: Annotated[bool, typer.Option("--undo", help="Withdraw the declaration: reports of sources count again.")] = False,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Declare that two names are two assets, whatever sources report."""
    _declare(ctx, name, asset, {"decision": "apart"}, from_, undo, as_json, url)


def _declare(
    ctx: typer.Context,
    name: str,
    asset: str,
    properties: dict[str, str],
    from_: str | None,
    undo: bool,
    as_json: bool,
    url: str | None,
) -> None:
    with connected(ctx, url, as_json) as server:
        asset = uri_of(server, asset)
        # What is withdrawn is declared of the name itself; resolved, it would be the asset that the name denotes until then.
        triple = {"source": name if undo else uri_of(server, name), "relation": "alias_of", "target": asset}
        if undo:
            fact: dict[str, object] = {"retract": {**triple, **({"valid_to": from_} if from_ else {})}}
        else:
            since = {"valid_from": from_} if from_ else {}
            fact = {"edge": {**triple, **since, **({"properties": properties} if properties else {})}}
        ingested = server.facts([json.dumps(fact).encode() + b"\n"])
        rejected = ingested.data["rejected"]
        answer = None if rejected else server.names(asset, at_least=ingested.data["watermark"])
    _print_declaration(ingested, answer, as_json)
    if rejected:
        output.fail(f"the declaration was rejected: {rejected[0]['message']}", rejected[0]["pointer"])
        raise typer.Exit(output.REFUSED)


def _print_declaration(ingested: Answer[ingest_shapes.Ingested], answer: Answer[name_shapes.Names] | None, as_json: bool) -> None:
    if as_json:
        output.write((answer or ingested).body)
    elif answer is not None:
        output.draw(_names(answer.data))


def _names(names: name_shapes.Names) -> RenderableType:
    parts: list[RenderableType] = []
    if names["uri"]:
        parts.append(Text(plain(names["asset"] or names["uri"]), "bold"))
        parts.append(_declarations(names["names"]) if names["names"] else Text("This asset has had no other name."))
    if names["ambiguous"]:
        parts.append(Text("\nAmbiguous names, each treated as an asset of its own:", "yellow"))
        for each in names["ambiguous"]:
            parts.append(Text(f"  {plain(each['name'])}, {span(each['valid_from'], each['valid_to'])}, leads to"))
            parts += [Text(f"    {plain(asset)}") for asset in each["assets"]]
        parts.append(Text("Decide with: mlgraph same NAME ASSET   or: mlgraph apart NAME ASSET", "dim"))
    elif not names["uri"]:
        parts.append(Text("No name is ambiguous."))
    return Group(*parts)


def _declarations(listed: list[name_shapes.Named]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("name", "", "asset", "when"):
        table.add_column(title, overflow="fold")
    for each in listed:
        verb = "is distinct from" if each["decision"] == "apart" else "is another name of"
        table.add_row(plain(each["name"]), verb, plain(each["asset"]), span(each["valid_from"], each["valid_to"]))
    return table
