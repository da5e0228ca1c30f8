"""Queries on a slow store: they are refused in time, and other requests do not wait for them."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psycopg

from tests.contract.producing import at
from tests.contract.serving import PATIENCE_S, Api, Json, Names, Process, edge


def refused(response: httpx.Response, *words: str) -> Json:
    assert response.status_code == 503, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert int(response.headers["retry-after"]) >= 1
    body: Json = response.json()
    for word in words:
        assert word in body["detail"]
    return body


def wait_until_inside(api: Api, number: int) -> None:
    """Wait until this many graph queries run or wait."""
    until = time.monotonic() + PATIENCE_S
    while f'mlgraph_limit_inside{{sort="heavy"}} {number:.1f}' not in api.http.get("/metrics").text:
        assert time.monotonic() < until
        time.sleep(0.02)


def test_slow_queries_do_not_starve_other_requests(start: Callable[..., Process], store_url: str, tmp_path: Path) -> None:
    limits = {"MLGRAPH_HEAVY_QUERIES": "2", "MLGRAPH_HEAVY_QUEUE": "1", "MLGRAPH_QUERY_TIME_S": "8", "MLGRAPH_QUEUE_TIME_S": "4"}
    process = start("--store", store_url, "--data", str(tmp_path / "data"), environment=limits)
    api, names = Api(process.url), Names("slow")
    a, b, c = (names.dataset(name) for name in "abc")
    api.taken(edge(a, "derives", b, at(1)))
    window = {"from": at(0), "to": at(5)}
    assert api.ask("diff", **window)["total"] == 1
    with psycopg.connect(store_url) as blocker, ThreadPoolExecutor(3) as pool:
        # Lock the table that every query over all assets reads, like a large migration or a slow disk.
        blocker.execute("LOCK TABLE asset_fact IN ACCESS EXCLUSIVE MODE")
        diff = f"{process.url}/api/v1/diff"
        slow = [pool.submit(httpx.get, diff, params=window, timeout=PATIENCE_S, trust_env=False) for _ in range(3)]
        wait_until_inside(api, 3)
        refused(api.get("diff", **window), "too many", "2 run", "1 may wait")
        for path in ("/healthz", "/readyz"):
            assert api.http.get(path).status_code == 200
        assert not any(each.done() for each in slow)  # the requests above did not wait for these
        assert api.taken(edge(b, "derives", c, at(2)))["accepted"] == 1  # appends use another table
        answer = [refused(each.result()) for each in slow]  # the store is still slow
        assert sorted(body["title"] for body in answer) == ["Out of time", "Out of time", "Too busy"]
        assert all("8 s" in body["detail"] for body in answer if body["title"] == "Out of time")
        blocker.rollback()
    assert api.ask("diff", **window)["total"] == 2
    assert api.reached(a).keys() == {a, b, c}
    api.close()
    assert process.stop() == 0
    assert "Traceback" not in "".join(process.output)
