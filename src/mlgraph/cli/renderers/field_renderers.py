"""Renderers of what people write about assets: the values of their fields, whose they are, and how to take them back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mlgraph.cli.output import asset_text, count, moment, name_of, plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlgraph.client.answer_shapes import shapes
    from mlgraph.client.answer_shapes.curation_shapes import FieldClaim, FieldValue

MAX_TEXT_CHARS: Final = 200
_CURATION: Final = "curation"
_OWN_ROWS: Final = ("deprecated", "links", "successor")
"""Properties that `field_rows` shows."""


def annotated(answer: shapes.AnnotatedAsset) -> RenderableType:
    """Render what a change of an asset has changed, and how to take it back."""
    title = asset_text(answer["kind"], answer["name"], answer["uri"])
    if not answer["changed"]:
        return Group(title, Text("unchanged: all of this was written before", "dim"))
    table = _table()
    for name in answer["changed"]:
        field = answer["fields"].get(name)
        is_written = field is not None and (field["origin"] == _CURATION)
        value = Text(_value(name, field["value"])) if field is not None else Text("nobody says", "dim")
        note = _whose(field) if field is not None else ""
        table.add_row(Text(name, "bold"), value, Text(note if is_written else f"taken back: {note or 'no source says'}", "dim"))
    written = [name for name in answer["changed"] if (field := answer["fields"].get(name)) and field["origin"] == _CURATION]
    parts: list[RenderableType] = [title, table]
    if written:
        options = " ".join(f"--undo {name}" for name in written)
        parts.append(Text(f"Take it back with: mlgraph annotate {plain(answer['uri'])} {options}", "dim"))
    return Group(*parts)


def deprecation(answer: shapes.Asset) -> list[Text]:
    """Return the lines that warn of a deprecated asset, and name its successor."""
    lines = [Text("deprecated: do not use it in new work", "bold yellow")] if answer["deprecated"] else []
    if answer["successor"]:
        lines.append(Text(f"use in its place: {plain(answer['successor'])}", "yellow"))
    return lines


def field_rows(answer: shapes.Asset) -> list[tuple[Text, Text]]:
    """Return the rows of an asset's table that say what people wrote about it, and what sources say instead."""
    rows = []
    for name, field in answer["fields"].items():
        if name == "links":
            rows.append((Text("links", "dim"), Text(_value(name, field["value"]))))
        if field["origin"] != _CURATION:
            continue
        reported = [_other(name, each) for each in field["others"]]
        rows.append((Text(f"{name} by", "dim"), Text("; ".join([_whose(field), *reported]), "dim")))
    return rows


def usage_row(answer: shapes.Asset) -> tuple[Text, Text]:
    """Return the row of an asset's table that says how much it is used."""
    usage = answer["usage"]
    reads = usage["reads"]
    last = f", last read {moment(usage['last_read_at'])}" if usage["last_read_at"] else ""
    used = f"by {count(reads['runs_30d'], 'run')} and {count(reads['requests_30d'], 'request')}{last}"
    return Text("used in 30 days", "dim"), Text(used)


def other_properties(answer: shapes.Asset) -> Iterable[tuple[str, Any]]:
    """Return the properties of an asset that have no row or line of their own."""
    return ((key, value) for key, value in answer["properties"].items() if key not in _OWN_ROWS)


def _whose(field: FieldValue) -> str:
    own = (("added", field.get("added")), ("removed", field.get("removed")))
    parts = [f"{verb} {', '.join(map(plain, items))}" for verb, items in own if items]
    by = f" by {plain(field['actor'])}" if field["actor"] else ""
    return f"{plain(field['origin'])}{by}, {moment(field['at'])}" + (f" ({', '.join(parts)})" if parts else "")


def _other(name: str, claim: FieldClaim) -> str:
    return f"{plain(claim['origin'])} says {_value(name, claim['value'])}"


def _value(name: str, value: object) -> str:
    if isinstance(value, list):
        return ", ".join(plain(name_of(each) if name == "owners" else each) for each in value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = plain(value)
    return text if len(text) <= MAX_TEXT_CHARS else f"{text[: MAX_TEXT_CHARS - 3]}..."


def _table() -> Table:
    return Table(box=None, show_header=False, pad_edge=False)
