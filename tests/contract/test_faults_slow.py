"""Questions that the store is slow to answer: they are told so in time, and nobody else waits for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psycopg
import pytest

from mlgraph.stores.embedded import EmbeddedPostgres
from tests.contract.producing import at
from tests.contract.serving import Api, Json, Names, Process, edge


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with EmbeddedPostgres(tmp_path_factory.mktemp("slow") / "data") as server:
        yield server.url


def refused(response: httpx.Response, *words: str) -> Json:
    assert response.status_code == 503, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert int(response.headers["retry-after"]) >= 1
    body: Json = response.json()
    for word in words:
        assert word in body["detail"]
    return body


def test_slow_questions_starve_nobody(start: Callable[..., Process], postgres: str, tmp_path: Path) -> None:
    limits = {"MLGRAPH_HEAVY_QUERIES": "2", "MLGRAPH_HEAVY_QUEUE": "1", "MLGRAPH_QUERY_TIME_S": "4", "MLGRAPH_QUEUE_TIME_S": "2"}
    process = start("--store", postgres, "--data", str(tmp_path / "data"), environment=limits)
    api, names = Api(process.url), Names("slow")
    a, b, c = (names.dataset(name) for name in "abc")
    api.taken(edge(a, "derives", b, at(1)))
    window = {"from": at(0), "to": at(5)}
    assert api.ask("diff", **window)["total"] == 1
    with psycopg.connect(postgres) as blocker, ThreadPoolExecutor(3) as pool:
        # What every question about all assets must read is locked, as a large migration or a slow disk would have it.
        blocker.execute("LOCK TABLE asset_fact IN ACCESS EXCLUSIVE MODE")
        began = time.monotonic()
        asked = [
            pool.submit(httpx.get, f"{process.url}/api/v1/diff", params=window, timeout=20, trust_env=False) for _ in range(3)
        ]
        time.sleep(0.5)
        refused(api.get("diff", **window), "too many", "2 run", "1 may wait")
        for path in ("/healthz", "/readyz"):
            before = time.monotonic()
            assert api.http.get(path).status_code == 200
            assert time.monotonic() - before < 0.5
        assert api.taken(edge(b, "derives", c, at(2)))["accepted"] == 1  # appends need another table
        said = [refused(each.result()) for each in asked]
        assert time.monotonic() - began < 8
        assert sorted(body["title"] for body in said) == ["Out of time", "Out of time", "Too busy"]
        assert all("4 s" in body["detail"] for body in said if body["title"] == "Out of time")
        blocker.rollback()
    assert api.ask("diff", **window)["total"] == 2
    assert api.reached(a).keys() == {a, b, c}
    api.close()
    assert process.stop() == 0
    assert "Traceback" not in "".join(process.said)
