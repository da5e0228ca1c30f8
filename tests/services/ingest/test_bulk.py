"""The store has the same contents whether facts arrive one by one, in chunks, repeatedly, or from several senders at once."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
from typing import Any

import pytest

from mlgraph.domain.errors import Unavailable
from mlgraph.services.common.identity import LOCAL, Caller
from mlgraph.services.ingest import intake
from mlgraph.stores.append import row_batch
from tests.services.parts import Json, Serving, Store, schema_url

KINDS = ("dataset", "run", "workflow", "column", "person")
EDGES = (
    ("dataset", "derives", "dataset"),
    ("dataset", "input_to", "run"),
    ("run", "outputs", "dataset"),
    ("run", "run_of", "workflow"),
    ("column", "derives", "column"),
    ("dataset", "owned_by", "person"),
)
TEXTS = ("a", "caf\u00e9", "tab\tand \\N", 'quoted "x"', "line\nend", "{curly,comma}", "NULL", "")


def uri(rng: random.Random, kind: str) -> str:
    name = f"d{rng.randrange(6)}%23c{rng.randrange(3)}" if kind == "column" else f"{kind[0]}{rng.randrange(8)}"
    return f"mlg://{kind}/s3%3A%2F%2Flake/{name}"


def line(rng: random.Random) -> Json:
    """Return a random fact with a valid time."""
    at = f"2026-03-01T00:00:{rng.randrange(60):02}Z"
    choice = rng.random()
    if choice < 0.1:
        return {"retract": {"uri": uri(rng, rng.choice(KINDS)), "valid_to": at}}
    if choice < 0.45:
        state: Json = {"uri": uri(rng, rng.choice(KINDS)), "valid_from": at}
        if rng.random() < 0.5:
            state["name"] = rng.choice(TEXTS)
        if rng.random() < 0.5:
            state["properties"] = {
                "k": rng.choice((*TEXTS, 1, 1.5, None, True)),
                "schema": [{"name": "c1"}, {"name": "x y"}],
            }
        return {"asset": state}
    source, relation, target = rng.choice(EDGES)
    edge: Json = {"source": uri(rng, source), "relation": relation, "target": uri(rng, target), "valid_from": at}
    if rng.random() < 0.3:
        edge["valid_to"] = "2026-04-01T00:00:00Z"
    if rng.random() < 0.4:
        edge["properties"] = {"version": rng.choice(TEXTS)}
        if relation == "outputs":
            edge["properties"]["from"] = [uri(rng, "dataset") for _ in range(rng.randrange(3))]
        if relation == "derives" and source == "column":
            edge["properties"]["by"] = uri(rng, "run")
    return {"edge": edge}


def stored(serving: Serving) -> tuple[list[bytes], list[Any]]:
    columns = "SELECT a.uri, d.uri FROM asset a JOIN asset d ON d.id = a.dataset_id ORDER BY a.uri"
    return list(serving.export()), serving.store.query(columns)


@pytest.mark.parametrize("seed", range(3))
def test_a_bulk_load_stores_the_same_as_single_appends(postgres_url: str, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(seed)
    reported = [line(rng) for _ in range(600)]
    reported += rng.choices(reported, k=100)
    lines = [json.dumps(each).encode() for each in reported]
    single, bulk, copied = (Serving(Store(schema_url(postgres_url))) for _ in range(3))
    distinct = sum(single.store.append(each)[0] for each in reported)
    answer = bulk.intake.facts(iter(lines), LOCAL)
    assert (answer["accepted"], answer["duplicates"]) == (distinct, len(lines) - distinct)
    with monkeypatch.context() as small:
        small.setattr(intake, "CHUNK_LINES", 97)
        small.setattr(row_batch, "MANY", 5)
        assert copied.intake.facts(iter(lines), LOCAL)["accepted"] == distinct
    assert stored(bulk) == stored(single) == stored(copied)
    for serving in (bulk, copied):
        assert serving.intake.facts(iter(lines), LOCAL)["duplicates"] == len(lines)
        again = Serving(Store(serving.store.url))  # another writer, with empty caches
        assert again.intake.facts(iter(lines), LOCAL)["duplicates"] == len(lines)
        again.store.close()
    for serving in (single, bulk, copied):
        serving.store.close()


def test_facts_without_a_time_among_those_with_one(postgres_url: str) -> None:
    """Default times take earlier lines of the same batch into account, as if each line were appended alone."""
    ends = {"source": "mlg://dataset/n/a", "relation": "derives", "target": "mlg://dataset/n/b"}
    reported = [
        {"edge": {**ends, "valid_from": "2026-01-01T00:00:00Z"}},
        {"edge": ends},
        {"asset": {"uri": ends["source"], "name": "x"}},
        {"asset": {"uri": ends["source"], "name": "y", "valid_from": "2026-01-01T00:00:00Z"}},
        {"asset": {"uri": ends["target"], "name": "y", "valid_from": "2026-01-01T00:00:00Z"}},
        {"asset": {"uri": ends["target"], "name": "y"}},
        {"retract": ends},
        {"edge": ends},
    ]
    single, bulk = (Serving(Store(schema_url(postgres_url))) for _ in range(2))
    new = [single.store.append(each)[0] for each in reported]
    assert new == [True, False, True, True, True, False, True, True]
    answer = bulk.intake.facts(iter([json.dumps(each).encode() for each in reported]), LOCAL)
    assert (answer["accepted"], answer["duplicates"]) == (6, 2)
    for serving in (single, bulk):
        serving.store.close()


def test_a_token_with_a_source_may_report_for_it_alone_in_bulk_too(serving: Serving) -> None:
    asset = {"uri": "mlg://dataset/n/a", "valid_from": "2026-01-01T00:00:00Z"}
    lines = [json.dumps({"asset": {**asset, **more}}).encode() for more in ({}, {"origin": "dbt"}, {"origin": "facts"})]
    answer = serving.intake.facts(iter(lines), Caller("bot", "dbt"))
    assert (answer["accepted"], answer["duplicates"]) == (1, 1)
    assert [entry["pointer"] for entry in answer["rejected"]] == ["/asset/origin"]
    assert serving.store.query("SELECT name FROM origin WHERE id NOT IN (0, 30000)") == [("dbt",)]


def test_chunks_share_edges_with_other_appends(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Malformed lines, other writers between chunks, and a chunk that is refused: nothing is lost."""
    tested, reference = (Serving(Store(schema_url(postgres_url))) for _ in range(2))
    other = Serving(Store(tested.store.url))
    rng = random.Random(7)
    reported = [line(rng) for _ in range(400)]
    lines = [json.dumps(each, ensure_ascii=bool(number % 2)).encode() for number, each in enumerate(reported)]
    lines[10:10] = [b"{", b"", lines[3].replace(b'": ', b'"\t:'), lines[3], b'{"edge": {"source": 1}}', b'{"edge": {}}']
    answers = []
    for begin in range(0, len(lines), 50):
        through = other if begin == 150 else tested
        answers.append(through.intake.facts(iter(lines[begin : begin + 50]), LOCAL))
        if begin == 100:
            with monkeypatch.context() as broken:
                broken.setattr(row_batch.RowBatch, "store", refused)
                with pytest.raises(Unavailable, match="planted"):
                    tested.intake.facts(iter(lines[150:200]), LOCAL)
    for begin, answer in zip(range(0, len(lines), 50), answers, strict=True):
        expected = reference.intake.facts(iter(lines[begin : begin + 50]), LOCAL)
        assert {**expected, "watermark": 0} == {**answer, "watermark": 0}
    assert stored(tested) == stored(reference)
    for serving in (tested, reference, other):
        serving.store.close()


def refused(_rows: row_batch.RowBatch, _cursor: Any) -> None:
    raise Unavailable("planted")


def test_edges_of_other_origins_than_the_tokens_are_rejected(serving: Serving) -> None:
    ends = {"source": "mlg://dataset/n/a", "relation": "derives", "target": "mlg://dataset/n/b"}
    edge = {**ends, "valid_from": "1826-01-01T00:00:00Z"}
    lines = [json.dumps({"edge": {**edge, **more}}).encode() for more in ({}, {"origin": "dbt"}, {"origin": "facts"})]
    answer = serving.intake.facts(iter(lines), Caller("bot", "dbt"))
    assert (answer["accepted"], answer["duplicates"]) == (1, 1)
    assert [(entry["index"], entry["pointer"]) for entry in answer["rejected"]] == [(2, "/edge/origin")]
    assert serving.store.query("SELECT name FROM origin WHERE id NOT IN (0, 30000)") == [("dbt",)]
    assert serving.store.query("SELECT valid_from FROM edge_fact") == [(-4_544_208_000_000_000,)]


def event(name: str) -> bytes:
    run, job = {"runId": name}, {"namespace": "n", "name": "j"}
    reported = {"eventTime": "2026-01-01T00:00:00Z", "eventType": "COMPLETE", "run": run, "job": job}
    return json.dumps({**reported, "inputs": [{"namespace": "d", "name": "a"}]}).encode()


def test_no_acknowledged_event_is_missing_after_broken_connections(serving: Serving) -> None:
    acknowledged: list[str] = []

    def send(thread: int) -> None:
        for number in range(30):
            name = f"r{thread}-{number}"
            while True:
                try:
                    serving.intake.ingest("openlineage", event(name), LOCAL)
                    break
                except Unavailable:
                    continue
            acknowledged.append(name)

    threads = [threading.Thread(target=send, args=(thread,)) for thread in range(6)]
    for thread in threads:
        thread.start()
    broken = 0
    while any(thread.is_alive() for thread in threads):
        broken += len(
            serving.store.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mlgraph' "
                "AND state <> 'idle' AND pid <> pg_backend_pid()"
            )
        )
        for thread in threads:
            thread.join(0.02)
    assert len(acknowledged) == 180
    assert serving.store.query("SELECT count(*) FROM event") == [(180,)]
    assert serving.store.query("SELECT count(*), max(tx) = count(*) FROM tx")[0][1] is True
    assert serving.store.query("SELECT count(*) FROM asset WHERE uri LIKE 'mlg://run/%'") == [(180,)]


SENDER = """
import sys, threading
from tests.services.ingest.test_bulk import event
from tests.services.parts import Serving, Store
from mlgraph.services.common.identity import LOCAL

serving = Serving(Store(sys.argv[1]))

def send(thread):
    for number in range(10_000):
        serving.intake.ingest("openlineage", event(f"r{thread}-{number}"), LOCAL)
        sys.stdout.write(f"r{thread}-{number}\\n")
        sys.stdout.flush()

threads = [threading.Thread(target=send, args=(thread,)) for thread in range(4)]
for thread in threads:
    thread.start()
"""


def test_no_acknowledged_event_is_missing_after_the_server_was_killed(postgres_url: str) -> None:
    url = schema_url(postgres_url)
    with subprocess.Popen([sys.executable, "-c", SENDER, url], stdout=subprocess.PIPE, text=True) as sender:
        assert sender.stdout is not None
        acknowledged = [sender.stdout.readline().strip() for _ in range(100)]
        sender.send_signal(signal.SIGKILL)
        acknowledged += [each.strip() for each in sender.stdout if each.endswith("\n")]
    store = Store(url)
    stored = {row[0].rpartition("/")[2] for row in store.query("SELECT uri FROM asset WHERE uri LIKE 'mlg://run/%'")}
    assert set(acknowledged) <= stored
    assert len(stored) <= len(set(acknowledged)) + 4  # at most one event of each thread was unacknowledged
    assert len(store.query("SELECT tx FROM tx")) < len(stored), "some shared a transaction"
    store.close()
