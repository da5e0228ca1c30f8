"""What changed in Unleash since an event: the flags that newer events name, and whether the event itself still exists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from mlgraph.connectors.unleash.replay import APPLIED_TYPES
from mlgraph.sources.unleash.api import UnleashApi, each, number_of

SeenEvent = tuple[int, str]
"""Number and time of an event."""


@dataclass(frozen=True, slots=True)
class ChangedFlags:
    """The project of each flag with newer events, by name. `lost`: events that were read before do not exist any more."""

    flags: Mapping[str, str]
    lost: bool


def changed_flags(api: UnleashApi, last: SeenEvent, seen: SeenEvent) -> ChangedFlags:
    """Return the flags that changed since the event `last`; `seen` is the newest event that was read, of any flag.

    A database that was restored from a backup gives numbers of events again: the newest event that was read is missing then, or
    has another time. An event that is missing between newer and older ones was not lost by that.
    """
    times = dict((last, max(last, seen)))
    found: dict[str, str] = {}
    newest = 0
    for event in each(partial(api.events, limit=100)):
        number = number_of(event)
        newest = max(newest, number)
        if newest < max(times) or event.get("createdAt") != times.get(number, event.get("createdAt")):
            return ChangedFlags(found, lost=True)
        if number <= last[0]:
            return ChangedFlags(found, lost=False)
        flag, project = event.get("featureName"), event.get("project")
        if event.get("type") in APPLIED_TYPES and isinstance(flag, str) and isinstance(project, str):
            found.setdefault(flag, project)
    return ChangedFlags(found, lost=newest < max(times))
