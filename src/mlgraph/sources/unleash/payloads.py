"""Assembly of the connector's payloads: a flag with its history, what Unleash shows of it now, and its counts."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from mlgraph.domain.timestamps import format_time
from mlgraph.ports.source_adapter import Payload
from mlgraph.sources.http import MISSING, Json, Missing, RequestRefused
from mlgraph.sources.unleash.api import UnleashApi, each, number_of, text_of

_ATTEMPTS: Final = 3
_OF_EVENT: Final = (
    "id",
    "type",
    "createdAt",
    "createdBy",
    "createdByUserId",
    "data",
    "preData",
    "featureName",
    "project",
    "environment",
)
_OF_FLAG: Final = (
    "name",
    "project",
    "type",
    "description",
    "stale",
    "createdAt",
    "impressionData",
    "lifecycle",
    "links",
    "environments",
)
"""What the connector reads: names, pictures and summaries with names of people are left out."""


class UnleashPayloads:
    """Assembles payloads, and remembers which parts of the API the server refuses. Thread-safe."""

    def __init__(self, api: UnleashApi, instance: str, clock: Callable[[], float] = time.time) -> None:
        """Query `api`; `instance` is its name, `clock` returns seconds since 1970."""
        self._api, self._instance, self._clock = api, instance, clock
        self._refused: dict[str, str] = {}
        self.newest: tuple[int, str] = (0, "")
        """Number and time of the newest event that was read; a webhook may have named its flag before the next poll."""
        self.measured: dict[str, str] = {}
        """The flags with variants that were read, with their projects: applications count who gets them."""

    def now(self) -> int:
        """Return the time, in microseconds since the epoch."""
        return int(self._clock() * 1_000_000)

    def flag(self, project: str, name: str, *, archived: bool = False, restored_at: int | None = None) -> Payload:
        """Return the payload of a flag that exists, or of which there are events.

        The history counts; what Unleash shows is read between two looks at the events, so that both belong to one moment.
        """
        data: dict[str, Any] = {"project": project, "name": name}
        data |= {"restored_at": format_time(restored_at)} if restored_at is not None else {}
        read_at, events, feature = self._settled(project, name, archived=archived)
        data |= {"events": events, "read_at": format_time(read_at)}
        if feature is not MISSING:
            data |= self._shown(name, feature)
        elif archived:
            data["archived"] = True
        if _has_variants(feature):
            self.measured[name] = project
        else:
            self.measured.pop(name, None)
        return self._payload("flag", data)

    def application(self, item: Json) -> Payload:
        """Return the payload of an application."""
        fields = {key: item.get(key) for key in ("appName", "createdAt", "description", "usage")}
        return self._payload("application", {"application": fields})

    def refusals(self) -> list[Payload]:
        """Return a payload for each refused part of the API: the connector reports it as the error of the source."""
        return [self._payload("refused", {"error": error}) for _, error in sorted(self._refused.items())]

    def attempt(self, part: str, request: Callable[[], list[Json]]) -> list[Json] | None:
        """Return the answer to a request for one part of the API; None if the server refuses it, which is noted."""
        try:
            found = request()
        except RequestRefused as error:
            self._refused[part] = f"Unleash refuses its {part}, all else is read: {error.detail}"
            return None
        self._refused.pop(part, None)
        return found

    def _settled(self, project: str, name: str, *, archived: bool) -> tuple[int, list[Json], Json | Missing]:
        """Return time, events and present state of a flag; without the state, if the flag changes all the time."""
        for _ in range(_ATTEMPTS):
            read_at, events = self.now(), self._events(name)
            feature = MISSING if archived else self._api.flag(project, name)
            if self._newest(name) == (events[-1]["id"] if events else None):
                return read_at, events, feature
        return self.now(), self._events(name), MISSING

    def _events(self, name: str) -> list[Json]:
        found = self.attempt("events", lambda: list(each(partial(self._api.events, flag=name))))
        by_id = {number_of(event): _event(event) for event in found or ()}
        events = [by_id[number] for number in sorted(by_id)]
        if events:
            self.newest = max(self.newest, (events[-1]["id"], str(events[-1]["createdAt"])))
        return events

    def _newest(self, name: str) -> int | None:
        found = self.attempt("events", lambda: self._api.events(0, 1, flag=name)[0])
        return number_of(found[0]) if found else None

    def _shown(self, name: str, feature: Json) -> dict[str, Any]:
        tags = self.attempt("tags", lambda: self._api.tags(name))
        shown: dict[str, Any] = {"feature": {key: feature.get(key) for key in _OF_FLAG}}
        shown |= {"tags": [{key: tag.get(key) for key in ("type", "value")} for tag in tags]} if tags is not None else {}
        if _has_variants(feature):
            counted = self.attempt("counts of applications", lambda: self._api.exposures(name)) or []
            shown["exposures"] = [bucket for bucket in counted if bucket.get("variants")]
        return shown

    def _payload(self, kind: str, data: dict[str, Any]) -> Payload:
        return {"type": f"unleash.{kind}", "instance": self._instance, "data": data}


def project_of(item: Json) -> str:
    """Return the project of a flag or an event."""
    return text_of(item, "project")


def _event(event: Json) -> Json:
    """Return what the connector reads of an event: where it says what is new, not what was before."""
    is_needed = event.get("data") is None or event.get("type") == "feature-link-updated"
    return {key: event.get(key) for key in _OF_EVENT if key != "preData" or is_needed}


def _has_variants(feature: Json | Missing) -> bool:
    if feature is MISSING:
        return False
    environments = feature.get("environments")
    strategies = [one for each in environments or () if isinstance(each, dict) for one in each.get("strategies") or ()]
    return any(isinstance(one, dict) and one.get("variants") for one in strategies)
