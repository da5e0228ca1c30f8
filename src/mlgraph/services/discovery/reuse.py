"""Which of several copies to reuse: by what uses each, its health, and whether somebody answers for it; and whom to talk to."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final, NamedTuple

from mlgraph.domain import clock
from mlgraph.domain.history import asset_intervals, state_at
from mlgraph.domain.timestamps import FOREVER
from mlgraph.domain.vocabulary import IDLE_STATES, KINDS
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.traversal.teams import Teams
from mlgraph.ports.store import FactReader
from mlgraph.services.common.asset_health import health_of
from mlgraph.services.discovery.graph_context import consumers_of
from mlgraph.services.history.asserted_facts import by_asset, records_of

_SERVING: Final = frozenset(KINDS[name].code for name in ("deployment", "service", "agent"))
_LAST_MOMENT: Final = FOREVER - 1


class Reuse:
    """Compares the copies in one answer."""

    def __init__(self, reader: FactReader, graph: GraphVersion) -> None:
        self._reader = reader.at(graph.watermark)
        self._graph = graph

    def add_to(self, hits: list[dict[str, Any]], asset: int = 0) -> None:
        """Add `reuse` to each hit; the best usable copy among the suggested hits and the asset that was asked for is marked.

        None is marked where each is deprecated or failing.
        """
        index = self._graph.asset_index
        numbers = [index.number(hit["uri"]) or 0 for hit in hits]
        facts = self._facts([*numbers, asset] if asset else numbers)
        for hit, number in zip(hits, numbers, strict=True):
            hit["reuse"] = {**facts[number], "best": False}
        suggested = [(hit, number) for hit, number in zip(hits, numbers, strict=True) if hit["suggested"]]
        if suggested:
            best, number = max(suggested, key=lambda each: _merit(facts[each[1]], each[0]["score"]))
            merit = _merit(facts[number], 1.0)
            best["reuse"]["best"] = merit.usable and (not asset or merit[:3] >= _merit(facts[asset], 1.0)[:3])
        for hit in hits:
            hit["reuse"]["text"] = _text(hit, hit["reuse"])

    def talk_to(self, assets: Collection[int]) -> list[dict[str, Any]]:
        """Return the owners of assets, those of the first asset first, each with its assets."""
        index = self._graph.asset_index
        teams = Teams(self._graph, clock.now_us())
        found: dict[str, list[str]] = {}
        for asset in dict.fromkeys(each for each in assets if each):
            team = teams.team_of(asset)
            for owner in self._owners(asset) or ([team] if team is not None else []):
                found.setdefault(owner, []).append(index.uri(asset))
        return [{"owner": owner, "name": self._name(owner), "assets": listed} for owner, listed in found.items()]

    def _owners(self, asset: int) -> tuple[str, ...]:
        attributes = self._graph.asset_index.display_attributes(asset)
        return attributes.owners if attributes is not None else ()

    def _name(self, uri: str) -> str:
        number = self._graph.asset_index.number(uri)
        return uri.rpartition("/")[2] if number is None else self._graph.asset_index.name(number)

    def _facts(self, assets: Iterable[int]) -> dict[int, dict[str, Any]]:
        graph, moment = self._graph, clock.now_us()
        chosen = list(dict.fromkeys(assets))
        names = {asset: graph.aliases.names_at(asset, moment) or [asset] for asset in chosen}
        records = by_asset(records_of(self._reader, {name for listed in names.values() for name in listed}))
        teams = Teams(graph, moment)
        found = {}
        for asset in chosen:
            listed = [record for name in names[asset] for record in records.get(name, ())]
            state = state_at(asset_intervals(listed), _LAST_MOMENT) or {}
            properties = state.get("properties") or {}
            word = properties.get("state")
            consumers = consumers_of(graph, asset, moment)
            found[asset] = {
                "consumers": len(consumers),
                "serving": sum(graph.asset_index.kind(each) in _SERVING for each in consumers),
                "health": health_of(state)["status"],
                "deprecated": bool(state.get("deprecated") or properties.get("deprecated"))
                or (isinstance(word, str) and word.lower() in IDLE_STATES),
                "team": teams.team_of(asset),
            }
        return found


class _Merit(NamedTuple):
    """The sort key of a copy: usable first, then what serves production, then the number of consumers."""

    usable: bool
    serves: bool
    consumers: int
    has_team: bool
    value: float


def _merit(facts: dict[str, Any], value: float) -> _Merit:
    usable = not facts["deprecated"] and facts["health"] != "failing"
    return _Merit(usable, facts["serving"] > 0, facts["consumers"], facts["team"] is not None, value)


def _text(hit: dict[str, Any], facts: dict[str, Any]) -> str:
    parts = [f"{facts['consumers']} direct consumers" if facts["consumers"] != 1 else "1 direct consumer"]
    if facts["serving"]:
        parts.append("serves production")
    if facts["health"] != "unknown":
        parts.append("healthy" if facts["health"] == "ok" else "failing")
    if facts["deprecated"]:
        parts.append("deprecated: do not reuse it")
    if not hit["owners"]:
        parts.append("nobody answers for it")
    return ("the best copy to reuse: " if facts["best"] else "") + ", ".join(parts)
