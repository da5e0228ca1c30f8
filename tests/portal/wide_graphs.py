"""Generated graphs for tests of the lineage and impact pictures: one root, everything else downstream of it."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

Line = dict[str, Any]
ROOT: Final = "mlg://dataset/s3%3A%2F%2Flake/ratings"
FIRST_DAY: Final = datetime(2026, 10, 1, tzinfo=UTC)
DAYS: Final = 20
_STEPS: Final = 8
_NAMESPACES: Final = ("s3://lake", "warehouse.shop", "kafka://events", "dagster", "feast")
_PREFIXES: Final = ("title_", "member_", "session_", "playback_", "billing_", "campaign_", "search_", "tmp_")
_NEXT: Final = {
    "dataset": (("input_to", "workflow"),) * 6 + (("feeds", "feature_view"),),
    "workflow": (("outputs", "dataset"),) * 5 + (("outputs", "model_version"),) * 2 + (("outputs", "feature_view"),),
    "feature_view": (("input_to", "workflow"),),
    "model_version": (("input_to", "workflow"), ("deployed_as", "deployment"), ("evaluated_by", "evaluation")),
    "deployment": (("serves", "service"),),
    "service": (("outputs", "dataset"),),
}
"""Relation and kind of what may follow an asset of each kind; nothing follows an evaluation."""


def wide_graph(assets: int, *, teams: int, seed: int = 13, step_of_time: timedelta = timedelta(days=1)) -> Iterator[bytes]:
    """Yield facts, one a line: `assets` assets (the root among them) of `teams` teams and of nobody, in at most 8 steps
    where each step leads on.

    They join on `DAYS` different days; a tenth of them leaves again.
    """
    for line in _lines(assets, teams, random.Random(seed), step_of_time):
        yield json.dumps(line).encode() + b"\n"


def _lines(assets: int, teams: int, chance: random.Random, step_of_time: timedelta) -> Iterator[Line]:
    owners = [f"mlg://team/acme/team-{number:02}" for number in range(teams)]
    for owner in owners:
        yield {"asset": {"uri": owner, "name": owner.rpartition("/")[2]}}
    yield _asset(ROOT, owners[0], FIRST_DAY)
    layers: list[list[str]] = [[ROOT]]
    made = 1
    while made < assets:
        step = len(layers)
        size = assets - made if step >= _STEPS else min(assets - made, 1 + chance.randint(assets // 8, assets // 5))
        layer = []
        for number in range(size):
            source = chance.choice(layers[-1])
            relation, kind = chance.choice(_NEXT[_kind_of(source)])
            uri = _uri(kind, chance, made + number)
            since = FIRST_DAY + step_of_time * chance.randrange(DAYS)
            until = since + step_of_time * 5 if chance.random() < 0.1 else None
            team = None if chance.random() < 0.03 else owners[min(int(chance.expovariate(4 / teams)), teams - 1)]
            yield _asset(uri, team, since)
            similar = [
                other for other in chance.sample(layers[-1], min(len(layers[-1]), 4)) if _kind_of(other) == _kind_of(source)
            ]
            for each in dict.fromkeys([source, *similar[:1]]):
                edge: Line = {"source": each, "relation": relation, "target": uri, "valid_from": _text(since)}
                yield {"edge": edge | ({"valid_to": _text(until)} if until else {})}
            if kind in _NEXT:
                layer.append(uri)
        made += size
        layers.append(layer)


def _asset(uri: str, owner: str | None, since: datetime) -> Line:
    return {"asset": {"uri": uri, "owners": [owner] if owner else [], "valid_from": _text(since)}}


def _uri(kind: str, chance: random.Random, number: int) -> str:
    namespace = quote(chance.choice(_NAMESPACES), safe="")
    return f"mlg://{kind}/{namespace}/{chance.choice(_PREFIXES)}{number:05}"


def _kind_of(uri: str) -> str:
    return uri.split("/", 3)[2]


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
