"""Killed processes, unreachable stores, two servers, tokens: nothing acknowledged is lost, and recovery is automatic."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.contract.producing import at
from tests.contract.serving import PATIENCE_S, PROGRAM, Api, Names, Process, asset, edge, retract, wait_until_ready

Start = Callable[..., Process]


def postmaster(data: Path) -> int:
    return int((data / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def test_postgres_is_killed_during_writes(start: Start, tmp_path: Path) -> None:
    names, data = Names("postgres"), tmp_path / "data"
    process = start("--data", str(data))
    api = Api(process.url)
    before, after = names.dataset("before"), names.dataset("after")
    api.taken(edge(before, "derives", after, at(1)))
    api.ask("lineage", uri=before)
    os.kill(postmaster(data), signal.SIGKILL)
    statuses: list[int] = []
    until = time.monotonic() + PATIENCE_S
    while True:
        response = api.http.post("/api/v1/facts", content=json.dumps(asset(after, at(2), name=f"try {len(statuses)}")))
        statuses.append(response.status_code)
        if response.status_code == 200:
            break
        assert response.status_code == 503, response.text
        assert response.headers["content-type"] == "application/problem+json"
        assert "PostgreSQL" in response.json()["detail"]
        assert int(response.headers["retry-after"]) >= 1
        assert time.monotonic() < until
        time.sleep(0.1)
    api.written = response.json()["watermark"]
    assert api.reached(before).keys() == {before, after}
    assert api.ask("asset", uri=after)["name"] == f"try {len(statuses) - 1}"
    wait_until_ready(api)
    assert len(api.export().splitlines()) == 2
    api.close()
    assert process.stop() == 0


def run_up(*arguments: str, environment: dict[str, str] | None = None) -> tuple[int, str]:
    """Run `up`, which must fail to start; return its exit status and its output."""
    done = subprocess.run(
        [str(PROGRAM), "up", "--port", "0", *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        env={**os.environ, **(environment or {})},
    )
    assert "Traceback" not in done.stderr
    assert "mlgraph is ready" not in done.stdout
    return done.returncode, done.stderr


def test_a_second_server_on_the_same_directory_reports_why_not(start: Start, tmp_path: Path) -> None:
    first = start("--data", str(tmp_path / "data"))
    status, answer = run_up("--data", str(tmp_path / "data"))
    assert status == 1
    assert str(tmp_path / "data") in answer
    assert str(first.child.pid) in answer
    assert httpx.get(first.url + "/readyz", trust_env=False).status_code == 200
    port = first.url.rpartition(":")[2]
    status, answer = run_up("--data", str(tmp_path / "other"), "--port", port)
    assert status == 1
    assert port in answer


def test_it_refuses_to_be_open_to_others_without_tokens(tmp_path: Path) -> None:
    status, answer = run_up("--data", str(tmp_path / "data"), "--host", "0.0.0.0")  # noqa: S104 - it must refuse
    assert status == 1
    assert "--tokens" in answer


def test_it_reports_which_stores_it_takes(tmp_path: Path) -> None:
    def refused(store: str) -> tuple[int, str]:
        return run_up("--data", str(tmp_path / "data"), "--store", store)

    with ThreadPoolExecutor(2) as pool:
        wrong, away = pool.map(refused, ("mysql://x", "postgresql://127.0.0.1:9/x"))
    assert wrong[0] == away[0] == 1
    assert "postgresql://" in wrong[1]
    assert "PostgreSQL" in away[1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_cleanly_without_delay(tmp_path: Path, number: signal.Signals) -> None:
    data = tmp_path / "data"
    process = Process("--data", str(data))
    api = Api(process.url)
    api.taken(asset("mlg://dataset/stop/a", at(1)))
    running = postmaster(data)
    process.child.send_signal(number)
    assert process.stop() == 0
    assert process.stopped_soon()
    api.close()
    assert not (data / "postgres" / "postmaster.pid").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(running, 0)
    assert "Traceback" not in "".join(process.output)


def test_a_source_that_does_not_answer_does_not_delay_stopping(start: Start, tmp_path: Path) -> None:
    process = start("--data", str(tmp_path / "data"))
    for name in ("one", "two"):
        body = {"kind": "mlflow", "url": "http://127.0.0.1:9", "name": name}
        assert httpx.post(process.url + "/api/v1/sources", json=body, trust_env=False).status_code == 202
    assert process.stop() == 0
    assert process.stopped_soon()


def test_two_servers_on_one_store_see_each_other(start: Start, store_url: str, tmp_path: Path) -> None:
    apis = [Api(start("--store", store_url, "--data", str(tmp_path / str(number))).url) for number in range(2)]
    names = Names("two")
    datasets = [names.dataset(f"d{number}") for number in range(41)]

    def write(number: int) -> None:
        for position in range(number, 40, 2):
            apis[number].taken(edge(datasets[position], "derives", datasets[position + 1], at(1)))

    writers = [threading.Thread(target=write, args=(number,)) for number in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    written = max(api.written for api in apis)
    for api in apis:
        api.written = written
        assert api.lineage(datasets[0])["total"] == 41
    assert apis[0].export() == apis[1].export()
    assert apis[0].taken(edge(datasets[0], "derives", datasets[1], at(1)))["duplicates"] == 1
    assert written == 40  # one transaction each, numbered without gaps
    for api in apis:
        api.close()


def test_tokens_bind_actor_source_and_environment(start: Start, tmp_path: Path) -> None:
    names = Names("tokens")
    tokens = tmp_path / "tokens.json"
    tokens.write_text(
        json.dumps(
            [
                {"token": "root-token", "actor": "platform"},
                {"token": "dbt-token", "actor": "dbt-bot", "source": "dbt", "environment": "staging"},
            ]
        )
    )
    tokens.chmod(0o644)
    status, answer = run_up("--data", str(tmp_path / "data"), "--host", "0.0.0.0", "--tokens", str(tokens))  # noqa: S104
    assert status == 1
    assert "chmod 600" in answer
    tokens.chmod(0o600)
    process = start("--data", str(tmp_path / "data"), "--host", "0.0.0.0", "--tokens", str(tokens))  # noqa: S104
    url = process.url.replace("0.0.0.0", "127.0.0.1")  # noqa: S104
    anonymous, stranger, bot = Api(url), Api(url, "wrong"), Api(url, "dbt-token")
    a = names.dataset("a")
    for api in (anonymous, stranger):
        for response in (api.http.get("/api/v1/export"), api.http.post("/api/v1/facts", content=json.dumps(asset(a)))):
            assert response.status_code == 401
            assert response.headers["www-authenticate"].startswith("Bearer")
            assert response.headers["content-type"] == "application/problem+json"
        assert api.http.get("/healthz").status_code == 200
        assert api.http.get("/readyz").status_code == 200
    bot.taken(asset(a, at(1), name="a"), asset(a, at(2), name="b", origin="dbt"))
    wrong = bot.facts(
        [
            asset(a, at(3), origin="facts"),
            retract(a, origin="*"),
            retract(a, origin="mlflow"),
            edge(a, "derives", names.dataset("b"), origin="other"),
        ]
    )
    assert [each["pointer"] for each in wrong["rejected"]] == [
        "/asset/origin",
        "/retract/origin",
        "/retract/origin",
        "/edge/origin",
    ]
    card = bot.ask("asset", uri=a)
    assert (card["origins"], card["environment"]) == (["dbt"], "staging")
    assert {entry["actor"] for entry in card["history"]} == {"dbt-bot"}
    for api in (anonymous, stranger, bot):
        api.close()
