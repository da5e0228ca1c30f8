"""Rendering of warnings about events: similar ones share a line, with the places of the first few."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mlgraph.client.answer_shapes import ingest_shapes

MAX_GROUPS: Final = 20
MAX_PLACES: Final = 5
_POSITION: Final = re.compile(r"/[0-9]+(?=/|$)")


def warning_lines(answer: ingest_shapes.IngestedEvents, place_of: Callable[[int], str]) -> Iterator[str]:
    """Yield a line for each sort of warning: equal messages at equal pointers, positions in arrays aside.

    `place_of` returns the file and line of an event by its index. At most `MAX_GROUPS` sorts are rendered, and the number of
    the others is given.
    """
    if not answer["warnings_total"]:
        return
    yield f"{answer['warnings_total']:,} details of events were left out or read differently; everything else counts:"
    groups: dict[tuple[str, str], list[ingest_shapes.IndexedWarning]] = {}
    for warning in answer["warnings"]:
        groups.setdefault((_POSITION.sub("/*", warning["pointer"]), warning["message"]), []).append(warning)
    for warnings in list(groups.values())[:MAX_GROUPS]:
        first = warnings[0]
        where = f" {first['pointer']}" if first["pointer"] else ""
        yield f"{place_of(first['index'])}{where}: {first['message']}{_others(warnings[1:], place_of)}"
    if len(groups) > MAX_GROUPS:
        yield f"and {len(groups) - MAX_GROUPS:,} more sorts of warnings; --json lists them"
    if answer["warnings_total"] > len(answer["warnings"]):
        yield f"{answer['warnings_total'] - len(answer['warnings']):,} further warnings are counted only"


def _others(warnings: list[ingest_shapes.IndexedWarning], place_of: Callable[[int], str]) -> str:
    if not warnings:
        return ""
    places = list(dict.fromkeys(place_of(warning["index"]) for warning in warnings))
    more = ", ..." if len(places) > MAX_PLACES else ""
    return f" (and {len(warnings):,} more: {', '.join(places[:MAX_PLACES])}{more})"
