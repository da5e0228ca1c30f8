"""Renderer of the feed of changes: one line a change, with the fields that were altered below it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from rich.console import Group, RenderableType
from rich.text import Text

from mlgraph.cli.output import asset_text, count, moment, name_of, plain

if TYPE_CHECKING:
    from mlgraph.client.answer_shapes.change_shapes import AlteredField, Changes, FeedEntry

_STYLES: Final = {"appeared": "green", "ended": "red", "altered": "yellow"}
_MAX_VALUE_CHARS: Final = 60
_MAX_FIELDS: Final = 6
_WIDTH: Final = max(map(len, _STYLES))


def changes(answer: Changes) -> RenderableType:
    """Render the changes of a page, newest first, and what is not on it."""
    parts: list[RenderableType] = [Text(f"recorded from {moment(answer['from'])} to {moment(answer['to'])}", "dim")]
    for each in answer["changes"]:
        parts.append(_entry(each))
        parts += [_field(field) for field in each["fields"][:_MAX_FIELDS]]
        if each["fields_total"] > _MAX_FIELDS:
            parts.append(
                Text(f"      and {count(each['fields_total'] - _MAX_FIELDS, 'more field')}; --json has their values", "dim")
            )
    if not answer["changes"]:
        parts.append(Text("Nothing else changed." if answer["runs"] else "Nothing changed."))
    total = f"{'at least ' if answer['total_is'] == 'at_least' else ''}{count(answer['total'], 'change')}"
    parts.append(Text(f"{total}; {count(answer['runs'], 'run')} reported, not listed"))
    if answer["frontier"]:
        parts.append(Text(f"There is more: continue with --cursor {plain(answer['frontier'])}", "yellow"))
    return Group(*parts)


def _entry(each: FeedEntry) -> Text:
    word = each["change"]
    text = Text.assemble(f"{moment(each['recorded_at'])}  ", (word.ljust(_WIDTH), _STYLES.get(word, "")), "  ")
    text.append(asset_text(each["asset"]["kind"], each["asset"]["name"]))
    if each["target"] is not None:
        text.append(f" -> {plain(each['relation'])} ")
        text.append(asset_text(each["target"]["kind"], each["target"]["name"]))
    details = [f"valid from {moment(each['valid_from'])}", f"by {plain(each['actor'])} ({plain(each['origin'] or 'runs')})"]
    details += [f"team {plain(name_of(team))}"] if (team := each["asset"]["team"]) else []
    text.append(f"  {', '.join(details)}", "dim")
    return text


def _field(field: AlteredField) -> Text:
    if field["left_out_bytes"] is not None:
        return Text(f"      {plain(field['field'])}: too long to show ({field['left_out_bytes']:,} bytes)")
    return Text(f"      {plain(field['field'])}: {_value(field['before'])} -> {_value(field['after'])}")


def _value(value: object) -> str:
    text = plain(json.dumps(value, ensure_ascii=False)) if value is not None else "none"
    return text if len(text) <= _MAX_VALUE_CHARS else f"{text[:_MAX_VALUE_CHARS]}..."
