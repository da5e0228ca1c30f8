"""Naive model of docs/spec.md#13-curation: what people write, request by request, on top of what sources report."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from mlgraph.domain.facts import CURATION, AssetFact, Fact
from mlgraph.domain.uri import AssetUri
from tests.model.records import Assets

Written = dict[str, Any]
"""What people have written, by field; tags and links as {"added": set, "removed": set}."""


def written_after(requests: Iterable[dict[str, Any]]) -> Written:
    """Return what people have written after these requests, one after the other."""
    written: Written = {}
    for request in requests:
        for field, value in request.items():
            if value is None:
                written.pop(field, None)
            elif field in ("tags", "links"):
                part = copy.deepcopy(written.get(field, {"added": set(), "removed": set()}))
                for item in value.get("add", ()):
                    part["added"].add(item)
                    part["removed"].discard(item)
                for item in value.get("remove", ()):
                    part["removed"].add(item)
                    part["added"].discard(item)
                written[field] = part
            else:
                written[field] = value
    return {field: value for field, value in written.items() if value != {"added": set(), "removed": set()}}


def shown(reported: dict[str, Any], written: Written) -> dict[str, Any]:
    """Return the value of each field that an answer shows, without those that no source reports."""
    properties = reported.get("properties", {})
    reported_values = {**{key: reported.get(key) for key in ("description", "owners", "tags")}}
    reported_values |= {key: properties.get(key) for key in ("links", "deprecated", "successor")}
    found: dict[str, Any] = {}
    for field, value in reported_values.items():
        if field in ("tags", "links"):
            part = written.get(field, {"added": set(), "removed": set()})
            found[field] = sorted((set(value or ()) | part["added"]) - part["removed"])
        else:
            found[field] = written.get(field, value)
    return {field: value for field, value in found.items() if value not in (None, [])}


class CuratedAssets:
    """The state of assets of which sources report facts, and about which people wrote at certain moments."""

    def __init__(self, facts: list[Fact], requests: list[tuple[int, dict[str, Any]]]) -> None:
        """`requests` are about one asset, each at its own moment."""
        assert not any(isinstance(fact, AssetFact) and fact.origin == CURATION for fact in facts)
        self._sources = Assets(facts)
        self._requests = sorted(requests, key=lambda request: request[0])

    def state(self, uri: AssetUri, t: int) -> tuple[dict[str, Any] | None, int | None]:
        """Return what answers show at `t`, and when the asset was deleted: what people wrote keeps no asset alive.

        None instead of a state if nobody has said anything, or all sources have stopped to describe the asset.
        """
        reported, deleted_at = self._sources.state(uri, t)
        written = written_after(request for moment, request in self._requests if moment <= t)
        was_described = any(self._sources.state(uri, earlier)[0] is not None for earlier in range(t))
        if reported is None and (was_described or not written):
            return None, deleted_at
        return shown(reported or {}, written), deleted_at
