"""Random changes by the API of a real MLflow server, which mlgraph reads meanwhile. At the end a clean read gives the same graph.

`python -m tests.realparts.mlflow_walk --steps 2000` runs it at full size and prints the result. Events are lost, repeated and
reordered; polls, comparisons and full sweeps happen at random moments.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import resource
import subprocess
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from mlgraph.connectors import mlflow
from mlgraph.domain.configuration import RequestLimits, Schedule
from mlgraph.domain.errors import MlgraphError
from mlgraph.domain.history import asset_intervals
from mlgraph.domain.options.walk_options import WalkOptions
from mlgraph.domain.payloads.payload import canonical_json
from mlgraph.domain.timestamps import FOREVER
from mlgraph.domain.vocabulary import RELATION_NAMES
from mlgraph.graph.projection.histories import triple_intervals
from mlgraph.services.common.identity import Caller
from mlgraph.services.history.asserted_facts import by_triple, retraction_ends
from mlgraph.sources.mlflow.factory import MlflowSources
from mlgraph.stores.embedded.server import EmbeddedPostgres
from tests.realparts.mlflow_server import MLFLOW_BIN, MlflowServer, mlflow_server
from tests.services.hydration_proof import NAME, Reading, State, differences
from tests.services.parts import Serving, Store, schema_url

ACTIONS: Final = Path(__file__).parents[1] / "sources" / "mlflow" / "actions.py"
LIMITS: Final = RequestLimits(2_000.0, 8, 60.0)
CONNECTOR: Final = replace(mlflow.connector(MlflowSources()), settles_s=0.2)
"""A server with one database has no replicas that lag."""
CHANGES: Final = (None, "schema", "values", "withdraw", "retire")
LOST, REPEATED, SYNC = 0.3, 0.2, 0.15

Answers = dict[str, Any]


class Actions:
    """The program that changes the server, with a seed."""

    def __init__(self, server: MlflowServer, seed: int) -> None:
        self._process = subprocess.Popen(
            [str(MLFLOW_BIN / "python"), str(ACTIONS), str(seed)],
            env=server.client_environment(f"sqlite:///{server.folder / 'mlflow.db'}"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def make(self, number: int) -> tuple[list[str], list[dict[str, Any]]]:
        """Make changes; return them, and the events that MLflow would send."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{number}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the program has failed"
        found = json.loads(line)
        return found["made"], found["events"]

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(timeout=60)
        assert self._process.stdout
        self._process.stdout.close()


@dataclass
class Outcome:
    """What a walk did, and how the graph differs from that of a clean read."""

    made: list[str] = field(default_factory=list)
    syncs: int = 0
    events: int = 0
    took_s: float = 0.0
    read: State = field(default_factory=lambda: ({}, set()))
    clean: State = field(default_factory=lambda: ({}, set()))
    answers: Answers = field(default_factory=dict)
    clean_answers: Answers = field(default_factory=dict)

    def differences(self) -> list[str]:
        """Return the differences of states, edges, and answers about lineage and impact."""
        return differences(self.read, self.clean) + self.different_answers()

    def different_answers(self) -> list[str]:
        """Return the differences of answers about lineage and impact."""
        found = []
        for uri in sorted({*self.answers, *self.clean_answers}):
            one, other = self.answers.get(uri, {}), self.clean_answers.get(uri, {})
            found += [
                f"{uri} {query}: unexpected {sorted(one.get(query, set()) - other.get(query, set()))}, "
                f"missing {sorted(other.get(query, set()) - one.get(query, set()))}"
                for query in sorted({*one, *other})
                if one.get(query) != other.get(query)
            ]
        return found


def walk(server: MlflowServer, postgres_url: str, *, steps: int, seed: int, most_at_once: int = 8) -> Outcome:
    """Change the server at random while mlgraph reads it, then compare with a clean read."""
    dice, outcome, started_at = random.Random(seed), Outcome(), time.monotonic()
    with _reading(postgres_url, server.url, Schedule(poll_s=1.0)) as (store, reading):
        with contextlib.closing(Actions(server, seed)) as actions:
            waiting: list[dict[str, Any]] = []
            while len(outcome.made) < steps:
                made, events = actions.make(min(dice.randint(1, most_at_once), steps - len(outcome.made)))
                outcome.made += made
                waiting += [each for each in events for _ in range(_copies(dice))]
                dice.shuffle(waiting)
                while waiting and dice.random() < 0.8:
                    reading.webhook(waiting.pop())
                    outcome.events += 1
                if dice.random() < SYNC:
                    outcome.syncs += 1
                    _sync(reading)
                elif dice.random() < 0.3:
                    time.sleep(dice.random() * 1.5)  # a poll may come between
        reading.until("events_waiting", 0)
        _sync(reading)
        outcome.read = state_of(store)
        outcome.answers = answers_of(reading.serving, outcome.read[0])
    outcome.clean, outcome.clean_answers = clean_read(server, postgres_url)
    outcome.took_s = time.monotonic() - started_at
    return outcome


def clean_read(server: MlflowServer, postgres_url: str) -> tuple[State, Answers]:
    """Return the graph, and its answers, that mlgraph gets from the server as it is now."""
    with _reading(postgres_url, server.url, Schedule(poll_s=3600.0)) as (store, reading):
        state = state_of(store)
        return state, answers_of(reading.serving, state[0])


def state_of(store: Store) -> State:
    """Return the current state of every asset, and all edges that are valid now, with those that deleted runs reported.

    Edges of renamed objects are listed under the current names; those of renamed objects deleted since are left out.
    """
    assets: dict[str, Any] = {}
    names: dict[str, str] = {}
    renamed: set[str] = set()
    listed = list(store.reader.stream())
    uris = {row.asset: row.uri for row, _, _ in listed}
    ends = retraction_ends(store.reader, uris)
    edges: set[tuple[str, str, str, str, tuple[str, ...] | None]] = set()
    for row, records, outgoing in listed:
        assets.update((row.uri, each.state) for each in asset_intervals(records) if each.end == FOREVER)
        for triple, of_triple in by_triple(outgoing).items():
            relation = RELATION_NAMES[triple[1]]
            for each in triple_intervals(of_triple, ends):
                feeds = None if each.feeds is None else tuple(uris[feed] for feed in each.feeds)
                if relation == "alias_of":
                    renamed.add(row.uri)
                if each.end == FOREVER and relation == "alias_of":
                    names[row.uri] = uris[triple[2]]
                elif each.end == FOREVER:
                    what = {**each.properties, "role": each.record.role, "version": each.record.version}
                    edges.add((row.uri, relation, uris[triple[2]], canonical_json(what), feeds))
    current: set[tuple[str, str, str, str]] = set()
    for source, relation, target, written, feeds in edges:
        fed_by = None if feeds is None else sorted({_current(feed, names) for feed in feeds})
        named = _current(source, names), _current(target, names)
        if all(now in assets for end, now in zip((source, target), named, strict=True) if end in renamed):
            current.add((named[0], relation, named[1], f"{written} from {fed_by}"))
    return assets, current


def _current(uri: str, names: Mapping[str, str]) -> str:
    while uri in names:
        uri = names[uri]
    return uri


def answers_of(serving: Serving, uris: Collection[str]) -> Answers:
    """Return, for each of these assets, the assets and edges in the answers about its lineage and impact."""
    serving.queries.wait_for(serving.store.reader.last_tx())
    found: Answers = {}
    for uri in uris:
        lineage = serving.lineage(uri, direction="both", level="asset", fold=False)
        found[uri] = {
            "nodes": {(each["uri"], each["distance"], each["certainty"]) for each in lineage["nodes"]},
            "edges": {(each["source"], each["relation"], each["target"], each["certainty"]) for each in lineage["edges"]},
            **{f"impact {change}": _affected(serving, uri, change) for change in CHANGES},
        }
    return found


def _affected(serving: Serving, uri: str, change: str | None) -> set[tuple[str, str]]:
    answer: Mapping[str, Any] = json.loads(
        json.dumps(serving.queries.impact(uri, WalkOptions(level="asset"), change=change), default=_plain)
    )
    return {(each["uri"], str(each.get("effect"))) for each in answer["affected"]}


def _plain(value: Any) -> Any:
    return json.loads(bytes(value)) if hasattr(value, "__bytes__") else str(value)


def _copies(dice: random.Random) -> int:
    drawn = dice.random()
    return 0 if drawn < LOST else 2 if drawn < LOST + REPEATED else 1


def _sync(reading: Reading) -> None:
    for attempt in range(5):
        try:
            reading.connections.sync(NAME, Caller("tester"))
        except MlgraphError:
            assert attempt < 4
            time.sleep(0.5)
        else:
            return


@contextlib.contextmanager
def _reading(postgres_url: str, url: str, schedule: Schedule) -> Iterator[tuple[Store, Reading]]:
    store = Store(schema_url(postgres_url))
    reading = Reading(store, url, LIMITS, schedule, CONNECTOR)
    try:
        reading.until("state", "following")
        yield store, reading
    finally:
        reading.close()
        store.close()


def main() -> None:
    """Run the walk at full size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedPostgres(Path(folder) / "data") as postgres,
        mlflow_server(Path(folder) / "mlflow") as server,
    ):
        found = walk(server, postgres.url, steps=arguments.steps, seed=arguments.seed)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    result = {
        "steps": len(found.made),
        "syncs": found.syncs,
        "events": found.events,
        "took_s": round(found.took_s, 1),
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 1),
        "assets": len(found.clean[0]),
        "edges": len(found.clean[1]),
        "answers": sum(len(each) for each in found.clean_answers.values()),
        "differences": differences(found.read, found.clean),
        "different_answers": found.different_answers(),
    }
    print(json.dumps(result, indent=1))  # noqa: T201 - the output of the program


if __name__ == "__main__":
    main()
