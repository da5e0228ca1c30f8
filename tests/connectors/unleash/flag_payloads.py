"""Payloads of one flag for tests: its events in the form in which Unleash 7.5.1 reports them, a minute apart."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from mlgraph.domain.timestamps import format_time

Json = dict[str, Any]


def variant(name: str, weight: int, payload: str | Mapping[str, object] | None = None) -> Json:
    """Return a variant with a text or a JSON object as its payload, or without one."""
    made: Json = {"name": name, "weight": weight, "stickiness": "userId", "weightType": "variable"}
    if payload is not None:
        kind, value = ("string", payload) if isinstance(payload, str) else ("json", json.dumps(payload))
        made["payload"] = {"type": kind, "value": value}
    return made


def strategy(number: str, variants: Sequence[Json]) -> Json:
    """Return a strategy for all users."""
    return {
        "id": number,
        "name": "flexibleRollout",
        "disabled": False,
        "constraints": [],
        "parameters": {"rollout": "100", "stickiness": "userId", "groupId": "f"},
        "variants": list(variants),
    }


@dataclass
class Events:
    """The events of a flag. Each method adds one and returns its time."""

    start: datetime = datetime(2026, 11, 1, 10, 0, 30, tzinfo=UTC)
    listed: list[Json] = field(default_factory=list)
    name: str = "f"

    def add_event(self, kind: str, environment: str | None = None, data: object = None, before: object = None) -> str:
        at = format_time(int((self.start + timedelta(minutes=len(self.listed))).timestamp() * 1_000_000))
        event = {"id": 10 + len(self.listed), "type": kind, "createdAt": at, "createdBy": "admin", "createdByUserId": -42}
        event |= {"data": data, "preData": before, "environment": environment, "featureName": self.name, "project": "default"}
        self.listed.append(event)
        return at

    def create(self, name: str, kind: str = "experiment", by: str = "admin", user: int = -42) -> str:
        self.name = name
        at = self.add_event("feature-created", data={"name": name, "type": kind, "project": "default", "description": None})
        self.listed[-1] |= {"createdBy": by, "createdByUserId": user}
        self.listed[-1]["data"]["createdAt"] = at
        return at

    def add(self, environment: str, body: Json) -> str:
        return self.add_event("feature-strategy-add", environment, body)

    def change(self, environment: str, body: Json) -> str:
        return self.add_event("feature-strategy-update", environment, body)

    def remove(self, environment: str, body: Json) -> str:
        return self.add_event("feature-strategy-remove", environment, before=body)

    def switch(self, environment: str, *, on: bool) -> str:
        return self.add_event(f"feature-environment-{'enabled' if on else 'disabled'}", environment)

    def tag(self, kind: str, value: str) -> str:
        return self.add_event("feature-tagged", data={"type": kind, "value": value})

    def link(self, url: str) -> str:
        return self.add_event("feature-link-added", data={"url": url, "title": None})


def flag_payload(
    events: Events, *, environments: Sequence[Json] | None = None, read_after: timedelta = timedelta(hours=1)
) -> Json:
    """Return the payload of a flag, with what Unleash shows now where `environments` say so."""
    read_at = format_time(int((events.start + read_after).timestamp() * 1_000_000))
    data: Json = {"project": "default", "name": events.name, "events": list(events.listed), "read_at": read_at}
    if environments is not None:
        shown: Json = {"name": events.name, "type": "experiment", "description": None, "stale": False, "links": []}
        data |= {"feature": {**shown, "environments": list(environments)}, "tags": []}
    return {"type": "unleash.flag", "instance": "prod", "data": data}
