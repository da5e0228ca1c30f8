"""Runs that the graph leaves out: answers stay those of the naive model, and say how many runs they took from the store."""

from __future__ import annotations

import random
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.contract import told_histories
from tests.contract.serving import PATIENCE_S, PROGRAM, Api, Names, Process, asset, edge
from tests.contract.told_histories import History, disagreements
from tests.model.histories import TIMES

HISTORIES = 12
QUESTIONS = 25
AN_HOUR_US = 3_600_000_000


def metric(api: Api, name: str) -> int:
    found = re.search(rf"^{name} (\S+)$", api.http.get("/metrics").text, re.MULTILINE)
    assert found is not None
    return int(float(found[1]))


def wait_for_cold_runs(api: Api) -> int:
    until = time.monotonic() + PATIENCE_S
    while not (count := metric(api, "mlgraph_cold_runs")):
        assert time.monotonic() < until, "no run was left out of the graph"
        time.sleep(0.1)
    return count


def wrong_answers(api: Api, told: list[History], seed: int) -> list[str]:
    return [
        f"history {history.number}: {each}"
        for history in told
        for each in disagreements(history, api, random.Random(f"{seed} {history.number}"), QUESTIONS)
    ]


def test_answers_stay_as_they_were(start: Callable[..., Process], tmp_path: Path) -> None:
    assert time.time_ns() // 1000 > max(TIMES) + 48 * AN_HOUR_US, "the clock is before the histories ended"
    data = ("--data", str(tmp_path / "data"))
    first = start(*data)
    told, api = [], Api(first.url)
    for number in range(HISTORIES):
        rng = random.Random(f"cold {number}")
        told.append((told_histories.of_facts if number % 2 else told_histories.of_events)(number, rng))
        told[-1].tell(api, rng)
    assert wrong_answers(api, told, 0) == []
    assert metric(api, "mlgraph_cold_runs") == 0
    api.close()
    first.stop()

    second = start(*data, "--hot-run-days", "1")
    api = Api(second.url)
    assert wait_for_cold_runs(api) >= HISTORIES
    assert wrong_answers(api, told, 1) == []
    assert metric(api, "mlgraph_cold_runs_read_total") > HISTORIES
    version, history = Names("told-again").of("model_version", "m/1"), told[0]
    uris = sorted(history.named(str(uri)) for uri in history.naive.uris() if uri.kind == "run")
    api.taken(edge(uris[0], "outputs", version, "2026-03-02T00:00:00Z"))
    assert version in api.reached(uris[0])
    assert uris[0] in api.reached(version, level="run", direction="upstream")
    api.close()
    second.stop()

    third = start(*data, "--log-format", "text")
    api = Api(third.url)
    assert wrong_answers(api, told[1:], 2) == []
    assert (metric(api, "mlgraph_cold_runs"), metric(api, "mlgraph_cold_runs_read_total")) == (0, 0)
    assert any("leaves out runs" in line for line in third.said)
    api.close()


def test_an_answer_says_how_many_runs_it_read(start: Callable[..., Process], tmp_path: Path) -> None:
    data, names = ("--data", str(tmp_path / "data")), Names("counted")
    raw, clean, workflow = names.dataset("raw"), names.dataset("clean"), names.workflow("clean")
    first = start(*data)
    api = Api(first.url)
    for number in range(5):
        run, moment = names.run(f"r{number}"), f"2026-03-0{number + 1}T00:00:00Z"
        ended = {"properties": {"state": "COMPLETE", "ended_at": moment}}
        api.taken(
            asset(run, moment, **ended), edge(run, "run_of", workflow, moment), edge(raw, "input_to", run, moment),
            edge(run, "outputs", clean, moment),
        )  # fmt: skip
    api.close()
    first.stop()
    api = Api(start(*data, "--hot-run-days", "1").url)
    assert wait_for_cold_runs(api) == 5
    asked = {"as_of": "2026-03-04T12:00:00Z"}
    for call, query, read in (
        ("lineage", {"uri": raw, "level": "run"}, 5),
        ("lineage", {"uri": raw}, 0),
        ("impact", {"uri": names.run("r1")}, 1),
        ("paths", {"source": raw, "target": clean, "level": "run"}, 5),
        ("asset", {"uri": clean}, 5),
        ("asset", {"uri": workflow}, 0),
        ("why", {"source": raw, "relation": "input_to", "target": names.run("r2")}, 1),
    ):
        assert api.ask(call, **query, **asked)["cold_runs"] == read, (call, query)
    diff = {"uri": clean, "from": "2026-03-01T12:00:00Z", "to": "2026-03-04T12:00:00Z"}
    assert api.ask("diff", **diff)["cold_runs"] == 5
    shown = subprocess.run(
        [PROGRAM, "lineage", raw, "--level", "run", "--url", api.url], capture_output=True, text=True, check=True
    )
    assert shown.stderr.startswith("Read 5 runs that are kept in the store alone")
    api.close()
