"""The hydration proof: mlgraph reads a registry that changes while its events are lost, repeated and shuffled.

`python -m tests.services.hydration_proof --changes 100000` runs it at full size and prints the result.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import random
import resource
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from mlgraph.connectors import mlflow
from mlgraph.domain.configuration import RequestLimits, Schedule, SourceSettings
from mlgraph.domain.errors import MlgraphError
from mlgraph.domain.history import asset_intervals
from mlgraph.domain.payloads.payload import canonical_json
from mlgraph.domain.timestamps import FOREVER
from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import RELATION_NAMES
from mlgraph.ports.connector import ConnectorRegistry, PulledConnector
from mlgraph.ports.source_adapter import Access, SourceAdapter
from mlgraph.services.common.identity import Caller
from mlgraph.services.common.metrics import PROCESS
from mlgraph.services.history.asserted_facts import asserted_intervals
from mlgraph.services.sources.source_manager import SourceManager
from mlgraph.services.sources.source_writer import SourceDependencies
from mlgraph.sources.http import RetryPolicy
from mlgraph.sources.mlflow.factory import MlflowSources
from mlgraph.sources.mlflow.source import MlflowSource
from mlgraph.stores.embedded.server import EmbeddedPostgres
from mlgraph.stores.postgres.connection_table import PostgresConnections
from mlgraph.stores.postgres.events import PostgresEvents
from tests.services.parts import Serving, Store, schema_url
from tests.sources.mlflow.simulator import Faults, Json, Registry, Simulator, simulated

NAME: Final = "prod"
SETTLES_S: Final = 3.0
BAD: Final = Faults(busy=0.001, broken=0.02, hanging=0.002, stale=0.10, lag_s=2.5, hang_s=2.5)
LOST, REPEATED, SHUFFLED_OVER, SENDERS = 0.30, 0.15, 300, 4
PATIENCE_S: Final = 600.0

State = tuple[dict[str, Any], set[tuple[str, str, str, str]]]


class _Sources(MlflowSources):
    def open(self, access: Access, *, patient: bool = True) -> SourceAdapter:
        assert patient
        retries = RetryPolicy(attempts=6, timeout_s=access.limits.timeout_s, first_wait_s=0.02, longest_wait_s=0.5)
        return MlflowSource(access, retries=retries)


CONNECTOR: Final = replace(mlflow.connector(_Sources()), settles_s=SETTLES_S)


class Reading:
    """mlgraph over one store, connected to one source."""

    def __init__(
        self, store: Store, url: str, limits: RequestLimits, schedule: Schedule, connector: PulledConnector | None = None
    ) -> None:
        self.serving = Serving(store)
        self.serving.follower.start()
        dependencies = SourceDependencies(
            PostgresConnections(store.database),
            store.reader,
            self.serving.intake.append,
            store.dead_letters,
            PostgresEvents(store.database),
            store.event_warnings,
        )
        settings = SourceSettings(NAME, "mlflow", url, NAME, schedule=schedule, limits=limits)
        self.connections = SourceManager(dependencies, ConnectorRegistry([connector or CONNECTOR]), [settings])
        self.connections.start()
        connection = dependencies.store.get(NAME)
        assert connection is not None
        self._secret = connection.secret

    def reported(self) -> Json:
        (source,) = self.connections.sources()["sources"]
        return dict(source)

    def until(self, field_name: str, value: object) -> None:
        end = time.monotonic() + PATIENCE_S
        while self.reported()[field_name] != value:
            assert time.monotonic() < end, (field_name, value, self.reported())
            time.sleep(0.05)

    def webhook(self, event: Json) -> None:
        body, sent = json.dumps(event).encode(), str(int(time.time()))
        digest = hmac.new(self._secret.encode(), f"d.{sent}.".encode() + body, hashlib.sha256).digest()
        headers = {
            "x-mlflow-delivery-id": "d",
            "x-mlflow-timestamp": sent,
            "x-mlflow-signature": "v1," + base64.b64encode(digest).decode(),
        }
        self.connections.webhook(NAME, headers, body)

    def close(self) -> None:
        self.connections.stop()
        self.serving.follower.stop()


def graph_of(store: Store) -> State:
    """Return the current state of every asset, and all edges that are valid now.

    Edges of renamed objects are listed under the current names (ADR 0018); those of renamed objects deleted since are left out,
    and those of deleted runs, which the simulator removes for good.
    """
    assets: dict[str, Any] = {}
    listed = list(store.reader.stream())
    uris = {row.asset: row.uri for row, _, _ in listed}
    edges: list[tuple[str, str, str, str]] = []
    other_names: dict[str, str] = {}
    for row, records, outgoing in listed:
        for state in asset_intervals(records):
            if state.end == FOREVER:
                assets[row.uri] = state.state
        for edge in asserted_intervals(store.reader, outgoing):
            relation, target = RELATION_NAMES[edge.record.relation], uris[edge.record.target]
            if edge.end == FOREVER and relation == "alias_of":
                other_names[row.uri] = target
            elif edge.end == FOREVER:
                edges.append((row.uri, relation, target, canonical_json(dict(edge.properties))))
    current_edges = set()
    for source, relation, target, properties in edges:
        ends = _current_name(source, other_names), _current_name(target, other_names)
        is_of_deleted_run = any(end.startswith("mlg://run/") and end not in assets for end in ends)
        if not is_of_deleted_run and (ends == (source, target) or all(end in assets for end in ends)):
            current_edges.add((ends[0], relation, ends[1], properties))
    return assets, current_edges


def _current_name(uri: str, other_names: Mapping[str, str]) -> str:
    while uri in other_names:
        uri = other_names[uri]
    return uri


def differences(read: State, clean: State) -> list[str]:
    """Return the differences of the graph that was read during the faults from the one that was read without any."""
    (assets, edges), (clean_assets, clean_edges) = read, clean
    states = [
        f"{uri}: {assets.get(uri)}, not {clean_assets.get(uri)}"
        for uri in sorted({*assets, *clean_assets})
        if assets.get(uri) != clean_assets.get(uri)
    ]
    extra = [f"unexpected: {edge}" for edge in sorted(edges - clean_edges)]
    missing = [f"missing: {edge}" for edge in sorted(clean_edges - edges)]
    return [*states, *extra, *missing]


def regressions_in(store: Store) -> list[str]:
    """Return where a reader could have seen an older state after a newer one, however fast it reads.

    A reader may see the store after any transaction, so the state of each asset is computed after each of its transactions.
    """
    found = []
    for row, records, _ in store.reader.stream():
        if not row.uri.startswith(("mlg://model/", "mlg://model_version/", "mlg://run/")):
            continue
        newest, was_deleted = -1, False
        for tx in sorted({record.tx for record in records}):
            known = asset_intervals([record for record in records if record.tx <= tx])
            state = next((each.state for each in known if each.end == FOREVER), None)
            version = -1 if state is None else _version(state)
            if state is not None and (version < newest or (was_deleted and version == newest)):
                found.append(f"{row.uri}: {version} after {newest}{' and its deletion' if was_deleted else ''}")
            newest, was_deleted = max(newest, version), state is None
    return found


def _version(state: Mapping[str, Any]) -> int:
    """Return the number of the last change that the simulator made; of a run, 1 if it has ended, else 0."""
    reported = state.get("description")
    return int(reported) if reported is not None else int(state["properties"]["state"] != "RUNNING")


@dataclass
class Watcher:
    """A reader that queries one asset after the other and records each state that is older than one it has seen before."""

    serving: Serving
    seed: int
    seen: dict[str, tuple[int, bool]] = field(default_factory=dict)
    regressions: list[str] = field(default_factory=list)
    reads: int = 0
    known: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._dice = random.Random(self.seed)
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def look_at(self, event: Json) -> None:
        data = event["data"]
        self.known.append(str(AssetUri("model", f"mlflow:{NAME}", data["name"])))
        if event["entity"] != "registered_model":
            self.known.append(str(AssetUri("model_version", f"mlflow:{NAME}", f"{data['name']}/{data['version']}")))

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.001):
            if not self.known:
                continue
            latest = len(self.known)
            uri = self.known[self._dice.randrange(max(0, latest - 3_000), latest)]
            try:
                shown = self.serving.queries.asset(uri)
            except MlgraphError:  # not in the graph yet
                continue
            self.reads += 1
            if shown["referenced_only"]:
                continue
            deleted = shown["deleted_at"] is not None
            version = int(shown["description"] or 0) if not deleted else 0
            uri = shown["uri"]  # an asset can be found by its old name too
            before, was_deleted = self.seen.get(uri, (0, False))
            if not deleted and (version < before or (was_deleted and version == before)):
                self.regressions.append(f"{uri}: {version} after {before}{' and its deletion' if was_deleted else ''}")
            self.seen[uri] = (max(before, version), deleted)


@dataclass(frozen=True)
class Outcome:
    """The result of one proof."""

    changes: int
    took_s: float
    answers: dict[str, int]
    most_in_a_second: int
    reads: int
    regressions: list[str]
    possible_regressions: list[str]
    dead_letters: int
    stale: float
    read: State
    clean: State
    renamed: list[tuple[str, str]]
    other_names: set[tuple[str, str]]


def _send(reading: Reading, events: list[Json], dice: random.Random, pool: ThreadPoolExecutor) -> None:
    """Send a window of events in random order; some are lost, some are sent twice."""
    sent = [event for event in events if dice.random() >= LOST]
    sent += [event for event in sent if dice.random() < REPEATED]
    dice.shuffle(sent)
    list(pool.map(reading.webhook, sent))


def prove(
    postgres_url: str, *, changes: int, changes_per_s: float, limits: RequestLimits, seed: int, poll_s: float = 1.0
) -> Outcome:
    """Change a registry `changes` times while mlgraph reads it, then read it without faults into an empty store."""
    registry, dice = Registry(seed), random.Random(seed + 1)
    started_at, schedule = time.monotonic(), Schedule(poll_s=poll_s)
    with simulated(registry, seed + 2) as simulator, _reading(postgres_url, simulator, limits, schedule) as (store, reading):
        reading.until("state", "following")
        simulator.faults = BAD
        watcher = Watcher(reading.serving, seed)
        with ThreadPoolExecutor(SENDERS) as pool:
            window: list[Json] = []
            for number in range(changes):
                event = registry.change()
                if event is not None:
                    window.append(event)
                    watcher.look_at(event)
                if len(window) >= SHUFFLED_OVER:
                    _send(reading, window, dice, pool)
                    window = []
                wait_s = started_at + number / changes_per_s - time.monotonic()
                if wait_s > 0.02:
                    time.sleep(wait_s)
            _send(reading, window, dice, pool)
        reading.until("events_waiting", 0)
        simulator.faults = replace(BAD, stale=0.0)  # the last responses have the current state of the source
        time.sleep(BAD.lag_s)
        _synced(reading)
        watcher.stop()
        took_s = time.monotonic() - started_at
        answers, most = dict(simulator.served.answers), simulator.served.most_in_a_second()
        simulator.faults = Faults()
        with _reading(postgres_url, simulator, limits, schedule) as (clean_store, clean):
            clean.until("state", "following")
            clean_graph = graph_of(clean_store)
        names = {
            (AssetUri.parse(row.uri).name, AssetUri.parse(target.uri).name)
            for row, _, outgoing in store.reader.stream()
            if row.uri.startswith("mlg://model/")
            for edge in asserted_intervals(store.reader, outgoing)
            if RELATION_NAMES[edge.record.relation] == "alias_of"
            for target in store.reader.rows({edge.record.target}).values()
        }
        stale = PROCESS.get_sample_value("mlgraph_source_stale_answers_total", {"source": NAME}) or 0.0
        return Outcome(
            changes,
            took_s,
            answers,
            most,
            watcher.reads,
            watcher.regressions,
            regressions_in(store),
            store.dead_letters.counts().total,
            stale,
            graph_of(store),
            clean_graph,
            registry.renamed,
            names,
        )


def _synced(reading: Reading) -> None:
    """Compare all objects; a sweep that fails is repeated and continues, as scheduled sweeps do."""
    for attempt in range(20):
        try:
            reading.connections.sync(NAME, Caller("tester"))
        except MlgraphError:
            assert attempt < 19
        else:
            return


@contextmanager
def _reading(
    postgres_url: str, simulator: Simulator, limits: RequestLimits, schedule: Schedule
) -> Iterator[tuple[Store, Reading]]:
    store = Store(schema_url(postgres_url))
    reading = Reading(store, simulator.url, limits, schedule)
    try:
        yield store, reading
    finally:
        reading.close()
        store.close()


def main() -> None:
    """Run the proof at full size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=100_000)
    parser.add_argument("--changes-per-s", type=float, default=2_000.0)
    parser.add_argument("--requests-per-s", type=float, default=400.0)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    limits = RequestLimits(arguments.requests_per_s, 8, 2.0)
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "data") as server:
        rates = {"changes_per_s": arguments.changes_per_s, "poll_s": 20.0}
        found = prove(server.url, changes=arguments.changes, limits=limits, seed=arguments.seed, **rates)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(  # noqa: T201 - the output of the program
        json.dumps(
            {
                "changes": found.changes,
                "took_s": round(found.took_s, 1),
                "cpu_s": round(usage.ru_utime + usage.ru_stime, 1),
                "answers": found.answers,
                "requests": sum(found.answers.values()),
                "most_in_a_second": found.most_in_a_second,
                "stale_discarded": found.stale,
                "reads": found.reads,
                "regressions": len(found.regressions),
                "dead_letters": found.dead_letters,
                "assets": len(found.clean[0]),
                "edges": len(found.clean[1]),
                "differences": differences(found.read, found.clean)[:10],
            }
        )
    )


if __name__ == "__main__":
    main()
