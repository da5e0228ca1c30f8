"""Facts of a generated catalogue, as JSON objects in the project's fact format (docs/spec.md#facts)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import orjson

from mlgraph.domain.uri import AssetUri

Fact = dict[str, Any]
SINCE: Final = "2026-01-05T00:00:00Z"
"""All facts are valid from this moment."""
COMPANY: Final = "acme"


def team_uri(name: str) -> str:
    """Return the URI of a team."""
    return str(AssetUri.of("team", COMPANY, name))


class FactBuilder:
    """Collects facts. Assets and edges are added once: a second call with the same key changes nothing."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.states: dict[str, Fact] = {}
        """The body of each asset's fact, by URI."""
        self._seen: set[tuple[str, ...]] = set()

    def asset(self, kind: str, namespace: str, name: str, /, **state: Any) -> str:  # noqa: ANN401 - JSON values
        """Add an asset with the given parts of its state, without empty ones; return its URI."""
        uri = str(AssetUri.of(kind, namespace, name))
        if self._new("asset", uri):
            given = {key: value for key, value in state.items() if value not in (None, "", [], {})}
            self.states[uri] = {"uri": uri, **given, "valid_from": SINCE}
            self.facts.append({"asset": self.states[uri]})
        return uri

    def edge(self, source: str, relation: str, target: str, **properties: str) -> None:
        """Add an edge."""
        if self._new(source, relation, target):
            edge: Fact = {"source": source, "relation": relation, "target": target, "valid_from": SINCE}
            self.facts.append({"edge": edge | ({"properties": properties} if properties else {})})

    def job(self, namespace: str, name: str, inputs: Sequence[str], outputs: Sequence[str], role: str | None = None) -> str:
        """Add a workflow that reads `inputs` and writes `outputs`; return its URI."""
        uri = self.asset("workflow", namespace, name, name=name)
        for source in inputs:
            self.edge(source, "input_to", uri, **({"role": role} if role else {}))
        for target in outputs:
            self.edge(uri, "outputs", target)
        return uri

    def team(self, name: str) -> str:
        """Add a team; return its URI."""
        return self.asset("team", COMPANY, name, name=name)

    def _new(self, *key: str) -> bool:
        if key in self._seen:
            return False
        self._seen.add(key)
        return True


def ndjson(facts: Iterable[Fact]) -> Iterator[bytes]:
    """Yield one line for each fact, as `POST /api/v1/facts` and `mlgraph ingest` read them."""
    for fact in facts:
        yield orjson.dumps(fact) + b"\n"
