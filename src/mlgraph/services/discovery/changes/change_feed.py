"""The feed of changes (docs/changes.md): what was recorded between two times, newest first, page by page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import compress, islice
from typing import Any, Final

import numpy as np
import orjson

from mlgraph.domain import clock
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.timestamps import format_time, parse_time
from mlgraph.domain.vocabulary import KIND_NAMES, KINDS, RELATION_NAMES
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import RUN, WORKFLOW, Layer
from mlgraph.graph.traversal.edge_spans import spans_at
from mlgraph.graph.traversal.name_resolution import resolved_assets
from mlgraph.graph.traversal.teams import Teams
from mlgraph.ports.recorded_facts import RecordedFacts, RecordedRange
from mlgraph.ports.store import FactReader, Provenance
from mlgraph.services.common.page_cursor import query_digest
from mlgraph.services.discovery.changes.change_page import ChangePage, FeedPlace, sort_key
from mlgraph.services.discovery.changes.recorded_changes import (
    RecordedChange,
    plain_edge_changes,
    state_changes,
    workflow_edge_changes,
)
from mlgraph.services.history.asserted_facts import without_renames
from mlgraph.services.projection.log_follower import Follower
from mlgraph.services.queries.resolver import UNKNOWN_WAIT_S, Resolver

DEFAULT_LIMIT: Final = 100
MAX_FEED_LIMIT: Final = 1_000
DAY_US: Final = 86_400_000_000
MOST_FACTS: Final = 10_000
"""Facts of each table that one answer reads; it then says how far back it got."""
MAX_FIELDS: Final = 50
"""Fields of one change that are listed; `fields_total` counts all."""
_OMISSIONS: Final = 3
"""Complete runs that leave an edge out end it (docs/spec.md#3-asset-level)."""
MAX_VALUE_BYTES: Final = 2_000
"""Bytes of JSON of a value before or after a change; of a longer one only the length is given."""


class ChangeFeed:
    """Answers what was recorded lately. Thread-safe."""

    def __init__(self, reader: FactReader, recorded: RecordedFacts, follower: Follower, most: int = MOST_FACTS) -> None:
        """`most`: facts of each table that one answer reads."""
        self._reader = reader
        self._recorded = recorded
        self._follower = follower
        self._resolver = Resolver(reader, follower)
        self._most = most

    def changes(
        self,
        from_: str | None = None,
        to: str | None = None,
        *,
        owner: str | None = None,
        uri: str | None = None,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> dict[str, Any]:
        """Return what was recorded after `from_` (a day ago) up to `to` (now) as JSON, newest first.

        `owner`: only of assets that this person or team owns, or whose team it is. `uri`: only of this asset and its edges.
        Raises `InvalidInput`, and `UnknownAsset` for names that no fact has.
        """
        page = self.page(from_, to, owner=owner, uri=uri, limit=limit, cursor=cursor)
        following = page.following(len(page.listed))
        return {
            "from": format_time(page.since),
            "to": format_time(page.until),
            "uri": uri,
            "owner": owner,
            "changes": page.listed,
            "total": page.total,
            "total_is": "exact" if page.is_complete else "at_least",
            "runs": page.runs,
            "partial": following is not None,
            "reason": None if following is None else "limit" if following.key else "size",
            "frontier": None if following is None else following.encode(),
            "watermark": page.graph.watermark,
        }

    def page(
        self,
        from_: str | None = None,
        to: str | None = None,
        *,
        owner: str | None = None,
        uri: str | None = None,
        kinds: Sequence[str] = (),
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> ChangePage:
        """Return the entries of `changes`, `limit` of them as JSON.

        `kinds`: only of assets of these kinds, and of edges with such an end. Raises as `changes` does.
        """
        if not 1 <= limit <= MAX_FEED_LIMIT:
            raise InvalidInput(f"limit must be from 1 to {MAX_FEED_LIMIT}", pointer="limit")
        now = clock.now_us()
        until = now if to is None else parse_time(to)
        since = until - DAY_US if from_ is None else parse_time(from_)
        if since > until:
            raise InvalidInput("from is after to: nothing can have been recorded between them", pointer="from")
        query = query_digest(from_, to, owner, uri, *kinds)
        place = None if cursor is None else FeedPlace.decode(cursor, query)
        if place is not None and place.upto > self._follower.snapshot().watermark:
            self._follower.wait_for(place.upto, UNKNOWN_WAIT_S)  # another process answered the page before
        graph = self._resolver.graph(uri, owner)
        asset = None if uri is None else self._resolver.asset(graph, uri, now)
        owned_by = None if owner is None else self._resolver.asset(graph, owner, now)
        place = place or self._first(graph, since, until, query)
        last = place.sort_key(graph)
        with self._reader.session():
            found, entries = self._entries(graph, place, asset, owned_by, now)
            if kinds:
                entries = _of_kinds(graph, entries, kinds)
            rest = [each for each in entries if last is None or sort_key(graph, each) > last]
            listed = self._listed(graph, rest[:limit], now)
        is_run = [graph.asset_index.kind(each.asset) == RUN for each in found.reports]
        runs = place.runs + (0 if place.key else len({each.asset for each in compress(found.reports, is_run)}))
        return ChangePage(graph, now, since, until, place, rest, listed, found.after, runs)

    def _first(self, graph: GraphVersion, since: int, until: int, query: str) -> FeedPlace:
        upto = min(self._recorded.last_tx_at(until), graph.watermark)
        return FeedPlace(upto, min(self._recorded.last_tx_at(since), upto), 0, 0, None, query)

    def _entries(
        self, graph: GraphVersion, place: FeedPlace, asset: int | None, owner: int | None, now: int
    ) -> tuple[RecordedRange, list[RecordedChange]]:
        """Return what was recorded, of the latest transactions up to the place, and the changes, newest first."""
        if place.upto <= place.after:
            return RecordedRange(place.after), []
        around, reader = None if asset is None else _around(graph, asset), self._reader.at(place.upto)
        found = self._recorded.recorded(place.after, place.upto, self._most, around)
        provenance = self._reader.provenance({each.tx for each in found.states} | {each.tx for each in found.edges})
        changes = [
            *self._state_changes(graph, reader, found, provenance, now),
            *plain_edge_changes(
                graph,
                reader.edges({edge.triple for edge in found.edges}),
                found.edges,
                lambda tx: provenance[tx].recorded_at,
            ),
            *workflow_edge_changes(
                graph,
                found,
                place.upto,
                lambda workflow, moment: self._recorded.runs_from(workflow, moment, place.upto, _OMISSIONS),
            ),
        ]
        if asset is not None:
            changes = [
                each for each in changes if asset in (each.asset, graph.aliases.at(each.target, now) if each.target else 0)
            ]
        if owner is not None:
            changes = self._owned(graph, changes, owner, now)
        changes.sort(key=lambda each: sort_key(graph, each))
        return found, changes

    def _state_changes(
        self, graph: GraphVersion, reader: FactReader, found: RecordedRange, provenance: Mapping[int, Provenance], now: int
    ) -> list[RecordedChange]:
        aliases = graph.aliases
        assets = {aliases.at(state.asset, now) for state in found.states}
        names = {name for asset in assets for name in (aliases.names_at(asset, now) or [asset])}
        first = min((provenance[state.tx].recorded_at for state in found.states), default=0)
        known = self._recorded.known(names, found.after, first)
        counted = without_renames(reader, [*known, *found.states])
        before, within = ([each for each in counted if (each.tx > found.after) == after] for after in (False, True))
        return list(state_changes(before, within, lambda name: aliases.at(name, now), lambda tx: provenance[tx].recorded_at))

    def _owned(self, graph: GraphVersion, changes: list[RecordedChange], owner: int, now: int) -> list[RecordedChange]:
        """Return the changes of assets of an owner, and of edges with such an end."""
        ends = sorted({end for each in changes for end in (each.asset, each.target) if end})
        resolved = resolved_assets(graph, np.array(ends, np.int32), now)
        teams, wanted = Teams(graph, now).of(resolved), graph.asset_index.uri(owner)
        names = {graph.asset_index.uri(name) for name in graph.aliases.names_of(owner)} | {wanted}
        theirs = {
            end
            for place, (end, (_, owners)) in enumerate(zip(ends, graph.asset_index.names_and_owners(resolved), strict=True))
            if teams.uri(place) == wanted or names & {*owners}
        }
        return [each for each in changes if each.asset in theirs or each.target in theirs]

    def _listed(self, graph: GraphVersion, shown: Sequence[RecordedChange], now: int) -> list[dict[str, Any]]:
        ends = sorted({end for each in shown for end in (each.asset, each.target) if end})
        resolved = resolved_assets(graph, np.array(ends, np.int32), now)
        teams = Teams(graph, now).of(resolved)
        bodies = {
            end: {
                "uri": graph.asset_index.uri(int(asset)),
                "kind": KIND_NAMES[graph.asset_index.kind(int(asset))],
                "name": name,
                "owners": owners,
                "team": teams.uri(place),
            }
            for place, (end, asset, (name, owners)) in enumerate(
                zip(ends, resolved.tolist(), graph.asset_index.names_and_owners(resolved), strict=True)
            )
        }
        provenance, origins = self._reader.provenance({each.tx for each in shown}), self._reader.origins()
        return [
            {
                "change": each.change,
                "asset": bodies[each.asset],
                "relation": RELATION_NAMES[each.relation] if each.relation else None,
                "target": bodies[each.target] if each.target else None,
                "fields": [_field(name, *values) for name, values in islice(each.fields.items(), MAX_FIELDS)],
                "fields_total": len(each.fields),
                "valid_from": format_time(each.valid_from),
                "recorded_at": format_time(provenance[each.tx].recorded_at),
                "origin": None if each.origin is None else origins[each.origin],
                "actor": provenance[each.tx].actor,
            }
            for each in shown
        ]


def _of_kinds(graph: GraphVersion, changes: Sequence[RecordedChange], kinds: Sequence[str]) -> list[RecordedChange]:
    codes = {KINDS[kind].code for kind in kinds}
    kind = graph.asset_index.kind
    return [each for each in changes if kind(each.asset) in codes or (each.target and kind(each.target) in codes)]


def _around(graph: GraphVersion, asset: int) -> set[int]:
    """Return the names of an asset, and the workflows that read or write it."""
    found = {asset, *graph.aliases.names_of(asset)}
    for span in spans_at(graph, asset, (Layer.ASSET,), out=True, into=True):
        found.update(end for end in (span.triple[0], span.triple[2]) if graph.asset_index.kind(end) == WORKFLOW)
    return found


def _field(name: str, before: object, after: object) -> dict[str, Any]:
    """Return a field with its value before and after; of a long value only the number of its bytes."""
    found: dict[str, Any] = {"field": name, "before": before, "after": after, "left_out_bytes": None}
    sizes = [len(orjson.dumps(value, default=str)) for value in (before, after)]
    if max(sizes) > MAX_VALUE_BYTES:
        found |= {"before": None, "after": None, "left_out_bytes": sum(sizes)}
    return found
