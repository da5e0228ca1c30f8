"""Random histories, sent to a real server as facts or as OpenLineage events, each in namespaces of its own."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from mlgraph.connectors import openlineage
from mlgraph.domain.facts import Fact, split_contacts
from mlgraph.domain.timestamps import format_time
from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import WALKED
from tests.contract.producing import facet
from tests.contract.serving import Api, Json
from tests.model import histories
from tests.model.naive import NaiveGraph

_NAMED: Final = re.compile(r"(mlg://[a-z_]+/[^/\"]+)/")
_STATES: Final = ("START", "RUNNING", "COMPLETE", "COMPLETE", "COMPLETE", "COMPLETE", "FAIL", "ABORT", "OTHER")
_NAMES: Final = "abcde"


@dataclass
class History:
    """A history, its naive model, and the mapping of its asset names to names on the server."""

    number: int
    facts: list[Fact]
    send: Callable[[Api, random.Random], None]

    def __post_init__(self) -> None:
        self.naive = NaiveGraph(self.facts)

    def named(self, text: str) -> str:
        """`text` with the history's number appended to every namespace."""
        return _NAMED.sub(rf"\1-{self.number}/", text)

    def without_number(self, text: str) -> str:
        """The inverse of `named`."""
        return text.replace(f"-{self.number}/", "/", 1)


def of_facts(number: int, rng: random.Random) -> History:
    """A history in the form of facts."""
    facts = histories.random_history(rng, wire=True)

    def send(api: Api, rng: random.Random) -> None:
        mixed = histories.shuffled(histories.repeated(facts, rng), rng)
        for part in histories.split(mixed, rng):
            api.taken(*(history.named(line) for line in histories.lines(part)))

    history = History(number, facts, send)
    return history


def of_events(number: int, rng: random.Random) -> History:
    """A history of one to three jobs in the form of OpenLineage events."""
    events = [_event(rng) for _ in range(rng.randint(3, 14))]
    facts = [fact for event in events for fact in split_contacts(openlineage.normalise(event))[0]]

    def send(api: Api, rng: random.Random) -> None:
        mixed = rng.sample(events, len(events)) + rng.choices(events, k=4)
        while mixed:
            cut = rng.randint(1, len(mixed))
            api.events(_elsewhere(event, number) for event in mixed[:cut])
            mixed = mixed[cut:]

    return History(number, facts, send)


def _elsewhere(event: Json, number: int) -> Json:
    text = re.sub(r'("namespace": "[^"]+)"', rf'\1-{number}"', json.dumps(event))
    moved: Json = json.loads(text)
    return moved


def _event(rng: random.Random) -> Json:
    draw = rng.random()
    event: Json = {"eventTime": format_time(rng.choice(histories.TIMES))}
    if draw < 0.08:
        change = facet(lifecycleStateChange=rng.choice(("DROP", "ALTER", "TRUNCATE", "OVERWRITE")))
        return {**event, "dataset": _dataset(rng, lifecycleStateChange=change)}
    job = rng.choice(("train", "load"))
    event["job"] = {"namespace": "jobs", "name": job, "facets": {}}
    if draw < 0.25:
        return {**event, **_sides(rng, rich=False)}
    version = rng.choice((None, "1", "1", "2"))
    if version:
        event["job"]["facets"]["sourceCodeLocation"] = facet(type="git", url="https://example.org/r.git", version=version)
    run = {"runId": f"{job}-{rng.randint(1, 6)}", "facets": {}}
    return {**event, "eventType": rng.choice(_STATES), "run": run, **_sides(rng)}


def _sides(rng: random.Random, *, rich: bool = True) -> Json:
    """Inputs and outputs, each present with probability 0.8; only runs (`rich`) report versions and columns."""
    sides: Json = {}
    if rng.random() < 0.8:
        sides["inputs"] = [_dataset(rng, rich=rich) for _ in range(rng.randint(0, 3))]
    if rng.random() < 0.8:
        sides["outputs"] = [_output(rng, rich=rich) for _ in range(rng.randint(0, 2))]
    return sides


def _output(rng: random.Random, *, rich: bool) -> Json:
    if not rich or rng.random() < 0.6:
        return _dataset(rng, rich=rich)
    source = {"namespace": "s3://lake", "name": rng.choice(_NAMES), "field": rng.choice("xy")}
    return _dataset(rng, columnLineage=facet(fields={rng.choice("xy"): {"inputFields": [source]}}))


def _dataset(rng: random.Random, *, rich: bool = False, **facets: Json) -> Json:
    if rich and rng.random() < 0.1:
        facets["version"] = facet(datasetVersion="v2")
    return {"namespace": "s3://lake", "name": rng.choice(_NAMES), "facets": facets}


def disagreements(history: History, api: Api, rng: random.Random, queries: int) -> list[str]:
    """Random queries at boundaries of the history in which the server's answer differs from the naive model."""
    moments = histories.moments(history.facts)
    uris = sorted(history.naive.uris())
    found = []
    for _ in range(queries):
        uri, moment = rng.choice(uris), rng.choice(moments)
        level, direction = rng.choice(("asset", "run")), rng.choice(("downstream", "upstream", "both"))
        depth = rng.choice((None, None, None, 0, 1, 2))
        query: dict[str, Any] = {"level": level, "direction": direction, **({} if depth is None else {"depth": depth})}
        expected = _expected(history.naive, uri, level, direction, moment, depth)
        answer = api.lineage(history.named(f"{uri}/")[:-1], format_time(moment), **query)
        if _answered(history, answer) != expected:
            found.append(f"{uri} as of {format_time(moment)}, {query}: {_answered(history, answer)}, expected {expected}")
    return found


def _expected(naive: NaiveGraph, uri: AssetUri, level: Any, direction: Any, moment: int, depth: int | None) -> Any:
    nodes = naive.lineage(uri, direction, level, moment, depth)
    edges = {
        (str(source), relation, str(target), *sorted(origins))
        for (source, relation, target), origins in naive.edge_origins(level, moment).items()
        if source in nodes and target in nodes
    }
    return {str(node): certainty for node, certainty in nodes.items()}, edges


def _answered(history: History, answer: Json) -> Any:
    nodes = {history.without_number(n["uri"]): (n["distance"], n["certainty"]) for n in answer["nodes"]}
    edges = {
        (history.without_number(e["source"]), e["relation"], history.without_number(e["target"]), *e["origins"])
        for e in answer["edges"]
        if e["relation"] in WALKED
    }
    return nodes, edges
