"""Renderings of the command connect: the tools, the lines that one needs, and what arrived of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mlgraph.cli.output import plain

if TYPE_CHECKING:
    from mlgraph.client.answer_shapes import source_shapes


def tools(answer: source_shapes.Connectors) -> RenderableType:
    """Render the tools that can be connected: how each is read, and what is connected."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("tool", "how", "connected", "state"):
        table.add_column(column)
    own = {each["name"] for each in answer["connectors"]}
    for each in answer["connectors"]:
        if each["connects"]:
            how = "pulled and pushed" if each["accepts_events"] or each["setup"] else "pulled"
            names = [plain(source["name"]) for source in each["connected"]] or ["-"]
            states = [plain(source["state"]) for source in each["connected"]] or ["-"]
            for place, (name, state) in enumerate(zip(names, states, strict=True)):
                table.add_row(*((Text(plain(each["name"]), "bold"), how) if place == 0 else ("", "")), name, state)
            continue
        state = "events arrived" if each["received"] else "-"
        table.add_row(Text(plain(each["name"]), "bold"), "pushed", "-", state)
        for tool in dict.fromkeys(setup["tool"] for setup in each["setup"]):
            if tool not in own:
                table.add_row(Text(plain(tool), "bold"), f"pushed, as {plain(each['name'])}", "-", "-")
    notes = (
        "mlgraph connect TOOL URL reads a tool that is pulled.",
        "mlgraph connect TOOL prints the lines with which a tool that is pushed sends to this server.",
    )
    return Group(table, *(Text(note, "dim") for note in notes))


def setup(blocks: Sequence[Mapping[str, Any]]) -> RenderableType:
    """Render lines to paste. The remark before each block is a comment, so that all can be pasted together into a shell."""
    lines: list[str] = []
    for each in blocks:
        lines += ["", f"# {plain(each['where'])}", *(plain(line) for line in each["lines"])]
    return Text("\n".join(lines[1:]))


def connected(source: source_shapes.Source) -> RenderableType:
    """Render what was read of a source, and what could not be named."""
    done, arrived = source.get("done"), source.get("arrived") or {}
    read = f"; {done:,} objects read" if done is not None else ""
    parts: list[Text] = [Text(f"{plain(source['name'])} is connected and {plain(source['state'])}{read}")]
    if arrived:
        parts.append(Text(", ".join(f"{plain(kind)} {number:,}" for kind, number in arrived.items())))
    for gap in source.get("gaps") or ():
        objects = f"{gap['objects']:,} {'object' if gap['objects'] == 1 else 'objects'}"
        parts.append(Text(f"{objects}: {plain(gap['message'])}, such as {plain(gap['example'])}", "yellow"))
    shown, total = len(source.get("gaps") or ()), source.get("gaps_total") or 0
    if total > shown or source.get("gaps_partial"):
        parts.append(Text(f"{total - shown:,} further kinds of gaps, or more objects, are not listed", "yellow"))
    return Group(*parts)


def further_lines(tool: str) -> RenderableType:
    """Render how to get the lines that a pulled tool needs beside its connection."""
    return Text(f"It can also send events: mlgraph connect {plain(tool)} prints the lines for it.", "dim")
