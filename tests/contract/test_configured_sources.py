"""Sources of mlgraph.yaml, read by the real program from MLflow doubles that check credentials and repeat them in answers.

A double is necessary because a real MLflow never repeats a secret; tests with the real one are in tests/realparts.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from tests.contract.serving import PATIENCE_S, PROGRAM, Api, Json, Process
from tests.contract.test_faults import run_up
from tests.sources.flaky_server import Answer, Double, flaky_server, respond_with, unused_url
from tests.sources.mlflow.test_mlflow import SmallMlflow

Start = Callable[..., Process]

TOKEN: Final = "tok-planted-4711"  # noqa: S105 - not a real password
PASSWORD: Final = "pass-planted-0815"  # noqa: S105 - the same
BASIC: Final = "cmVhZGVyOnBhc3MtcGxhbnRlZC0wODE1"  # `reader` and that password in HTTP Basic encoding (RFC 7617)


class WatchedMlflow(SmallMlflow):
    """Answers requests with one Authorization header, repeats any other header in the error, and can lose its model."""

    def __init__(self, authorization: str, *secrets: str) -> None:
        super().__init__()
        self.authorization = authorization
        self.secrets = secrets
        self.double: Double | None = None
        self.model_gone = False
        self.hang_s = 0.0

    def __call__(self, path: str, body: Any) -> Answer:
        assert self.double is not None
        sent = self.double.asked[-1].headers.get("authorization")
        if path.endswith("/version"):
            return Answer(200, b"3.17.2")
        if self.hang_s:
            return Answer(hang_s=self.hang_s)
        if sent != self.authorization:
            return respond_with({"error_code": "NO", "message": f"{sent} may not: {' '.join(self.secrets)}"}, 400)
        if self.model_gone and ("registered-models/search" in path or "model-versions/search" in path):
            return respond_with({"registered_models": [], "model_versions": []})
        return super().__call__(path, body)


@dataclass
class Scene:
    """Two MLflow servers, one configuration, and the output of the program."""

    folder: Path
    start: Start
    prod: WatchedMlflow
    lab: WatchedMlflow
    urls: dict[str, str]
    output: list[str] = field(default_factory=list)
    process: Process | None = None
    apis: list[Api] = field(default_factory=list)

    def serve(self, text: str) -> Api:
        """Write mlgraph.yaml and start the server with it."""
        path = self.folder / "mlgraph.yaml"
        path.write_text(text)
        self.process = self.start(
            "--data",
            str(self.folder / "data"),
            "--config",
            str(path),
            "--log-level",
            "debug",
            environment={"PROD_TOKEN": TOKEN},
        )
        self.apis.append(Api(self.process.url))
        return self.apis[-1]

    def stop(self) -> None:
        assert self.process is not None
        assert self.process.stop() == 0
        self.output += self.process.output

    def both(self, schedule: str = "{poll: 1s}") -> str:
        return (
            f"sources:\n  - name: prod\n    kind: mlflow\n    url: {self.urls['prod']}\n    environment: production\n"
            f"    credentials: {{env: PROD_TOKEN}}\n    schedule: {schedule}\n"
            "    limits: {timeout: 500ms, requests_per_s: 1000}\n"
            f"  - name: lab\n    kind: mlflow\n    url: {self.urls['lab']}\n    credentials: {{user: reader, file: password}}\n"
        )


@pytest.fixture
def scene(tmp_path: Path, start: Start) -> Iterator[Scene]:
    prod, lab = WatchedMlflow(f"Bearer {TOKEN}", TOKEN), WatchedMlflow(f"Basic {BASIC}", PASSWORD, BASIC)
    (tmp_path / "password").write_text(PASSWORD + "\n")
    (tmp_path / "password").chmod(0o600)
    with contextlib.ExitStack() as stack:
        for script in (prod, lab):
            script.double = stack.enter_context(flaky_server(script))
        assert prod.double is not None
        assert lab.double is not None
        made = Scene(tmp_path, start, prod, lab, {"prod": prod.double.url, "lab": lab.double.url})
        yield made
        for api in made.apis:
            api.close()


def source(api: Api, name: str) -> Json:
    found: Json = next(each for each in api.ask("sources")["sources"] if each["name"] == name)
    return found


def until(api: Api, name: str, condition: Callable[[Json], bool]) -> Json:
    deadline = time.monotonic() + PATIENCE_S
    while not condition(found := source(api, name)):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    api.written = api.ask("sources")["watermark"]
    return found


def following(found: Json) -> bool:
    return bool(found["state"] == "following")


def sources_test(api: Api, name: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [str(PROGRAM), "sources", "test", name, "--url", api.url, *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def answers_of(api: Api) -> bytes:
    """All answers of the server, including a complete backup."""
    calls = ["sources", "dead-letters", "export", "live", "diff?from=2020-01-01T00:00:00Z&to=2100-01-01T00:00:00Z"]
    got = [api.http.get(f"/api/v1/{call}").content for call in calls]
    got += [api.http.post(f"/api/v1/sources/{name}/{act}").content for name in ("prod", "lab") for act in ("test", "sync")]
    got += [api.http.get(path).content for path in ("/metrics", "/openapi.json", "/docs")]
    for kind, name in (("run", "r2-0"), ("model", "m"), ("workflow", "e2")):
        got.append(api.http.get("/api/v1/asset", params={"uri": f"mlg://{kind}/mlflow%3Aprod/{name}"}).content)
    return b"".join(got) + gzip.decompress(api.http.get("/api/v1/backup").content)


def test_sources_are_read_as_configured_and_secrets_appear_nowhere(scene: Scene) -> None:
    api = scene.serve(scene.both())
    prod, lab = (until(api, name, following) for name in ("prod", "lab"))
    assert (prod["configured"], prod["environment"], lab["environment"]) == (True, "production", None)
    assert prod["schedule"] == {"poll_s": 1.0, "sweep_s": 21600.0, "full_sweep_s": 604800.0}
    assert prod["limits"] == {"requests_per_s": 1000.0, "concurrency": 4, "timeout_s": 0.5}
    assert (prod["errors"], prod["error"], prod["dead_letters"]) == (0, None, 0)
    assert prod["last_change_at"]
    assert prod["next_sweep_at"] > prod["last_sweep_at"]
    assert prod["next_full_sweep_at"] > prod["next_sweep_at"]
    assert until(api, "prod", lambda found: found["last_poll_at"] > prod["last_poll_at"])["lag_s"] < PATIENCE_S
    assert api.ask("asset", uri="mlg://run/mlflow%3Aprod/r2-0")["environment"] == "production"
    assert api.ask("asset", uri="mlg://run/mlflow%3Alab/r2-0")["environment"] is None

    done = sources_test(api, "prod")
    assert (done.returncode, done.stderr) == (0, "")
    assert "prod answers: mlflow 3.17.2 at http://" in done.stdout
    assert "with credentials; 2 experiments, 1 registered models" in done.stdout
    reported = json.loads(sources_test(api, "lab", "--json").stdout)
    assert (reported["ok"], reported["error"], reported["authenticated"], reported["counts"]["experiments"]) == (
        True,
        None,
        True,
        2,
    )
    shown = subprocess.run([str(PROGRAM), "sources", "--url", api.url], capture_output=True, text=True, check=True).stdout
    assert "production" in shown
    assert sources_test(api, "nobody").returncode == 1

    answer = answers_of(api)
    scene.prod.authorization, scene.lab.authorization = "somebody else", "somebody else"
    failing = until(api, "prod", lambda found: found["errors"] > 0)
    assert failing["error"] == failing["last_error"]
    assert "HTTP 400: Bearer [redacted] may not: [redacted]" in failing["error"]
    done = sources_test(api, "lab")
    assert done.returncode == 1
    assert "lab cannot be read" in done.stdout
    assert "Basic [redacted] may not" in done.stderr
    answer += answers_of(api) + (done.stdout + done.stderr).encode()
    scene.prod.authorization = f"Bearer {TOKEN}"
    well = until(api, "prod", lambda found: found["error"] is None)
    assert well["errors"] > 0
    assert well["last_error"] == failing["last_error"]
    scene.stop()

    stored = b"".join(path.read_bytes() for path in (scene.folder / "data").rglob("*") if path.is_file())
    logged = "".join(scene.output)
    assert "lab" in logged
    assert b"production" in stored
    for secret in (TOKEN, PASSWORD, BASIC):
        assert secret not in logged
        assert secret.encode() not in answer
        assert secret.encode() not in stored


def test_a_changed_file_counts_from_the_next_start(scene: Scene) -> None:
    api = scene.serve(scene.both())
    for name in ("prod", "lab"):
        until(api, name, following)
    with flaky_server(SmallMlflow()) as double:
        api.http.post("/api/v1/sources", json={"kind": "mlflow", "url": double.url, "name": "mine"})
        until(api, "mine", following)
        taken = api.http.post("/api/v1/sources", json={"kind": "mlflow", "url": double.url, "name": "prod"})
        assert (taken.status_code, taken.json()["pointer"]) == (422, "/name")
        scene.stop()

        before = len(scene.lab.double.asked) if scene.lab.double else 0
        moved = scene.both().split("  - name: lab")[0].replace(scene.urls["prod"], double.url).replace("500ms", "7s")
        api = scene.serve(moved)
        until(api, "prod", following)
        found = source(api, "prod")
        assert (found["url"], found["limits"]["timeout_s"], found["errors"]) == (double.url, 7.0, 0)
        assert f"Bearer {TOKEN}" in {each.headers.get("authorization") for each in double.asked}
        assert until(api, "mine", following)["configured"] is False
        lab = source(api, "lab")
        assert (lab["state"], lab["limits"], lab["next_sweep_at"]) == ("stopped", None, None)
        assert api.ask("asset", uri="mlg://run/mlflow%3Alab/r2-0")["deleted_at"] is None
        for act in ("test", "sync"):
            assert api.http.post(f"/api/v1/sources/lab/{act}").status_code == 409
        assert api.http.post("/api/v1/sync").status_code == 202
        assert len(scene.lab.double.asked if scene.lab.double else []) == before
        scene.stop()

        api = scene.serve(scene.both())
        assert until(api, "lab", following)["configured"] is True


def test_sweeps_run_on_schedule(scene: Scene) -> None:
    api = scene.serve(scene.both("{poll: 1h, sweep: 1s}"))
    first = until(api, "prod", following)
    until(api, "prod", lambda found: found["last_sweep_at"] > first["last_sweep_at"])
    model = "mlg://model/mlflow%3Aprod/m"
    assert api.ask("asset", uri=model)["deleted_at"] is None
    read = source(api, "prod")["last_sync_at"]
    scene.prod.model_gone = True
    deadline = time.monotonic() + PATIENCE_S
    while api.ask("asset", uri=model)["deleted_at"] is None:
        assert time.monotonic() < deadline
        until(api, "prod", following)
        time.sleep(0.1)
    assert source(api, "prod")["last_sync_at"] == read  # it was compared, not read from scratch
    scene.stop()

    api = scene.serve(scene.both("{poll: 1h, sweep: 365d, full_sweep: 1s}"))
    first = until(api, "prod", lambda found: found["last_sync_at"] > read)
    until(api, "prod", lambda found: found["last_sync_at"] > first["last_sync_at"])


def test_limits_reach_the_requests(scene: Scene) -> None:
    text = scene.both().replace("timeout: 500ms, requests_per_s: 1000", "timeout: 500ms, requests_per_s: 8")
    api = scene.serve(text)
    assert scene.prod.double is not None
    started_at, before = time.monotonic(), len(scene.prod.double.asked)
    until(api, "prod", following)
    requests, took_s = len(scene.prod.double.asked) - before, time.monotonic() - started_at
    assert requests <= 8 + 8 * took_s + 4  # a burst of one second, then the rate; a few requests preceded the first count
    assert requests > 16
    scene.prod.hang_s = 10 * PATIENCE_S
    answer = api.http.post("/api/v1/sources/prod/test").json()
    assert (answer["ok"], answer["counts"]) == (False, {})
    assert "no answer within 0.5 s" in answer["error"]
    assert 500 <= answer["took_ms"] < 1000 * PATIENCE_S  # the answer arrives while the source still hangs
    scene.prod.hang_s = 0.0


def test_a_source_that_is_followed_can_be_connected_again(scene: Scene) -> None:
    api = scene.serve(scene.both())
    first = until(api, "prod", following)
    until(api, "prod", lambda found: found["last_poll_at"] > first["last_poll_at"])
    assert api.http.post("/api/v1/sources", json={"kind": "mlflow", "url": scene.urls["prod"], "name": "prod"}).status_code == 202
    again = until(api, "prod", lambda found: following(found) and found["last_sync_at"] > first["last_sync_at"])
    assert (again["errors"], again["configured"]) == (0, True)


def test_an_unreachable_source_does_not_stop_the_others(scene: Scene) -> None:
    api = scene.serve(scene.both().replace(scene.urls["lab"], unused_url()))
    until(api, "prod", following)
    answer = sources_test(api, "lab")
    assert answer.returncode == 1
    assert "ConnectError" in answer.stderr


def test_up_does_not_start_with_a_wrong_configuration(tmp_path: Path) -> None:
    path = tmp_path / "mlgraph.yaml"
    path.write_text(
        f"sources:\n  - name: a\n    kind: mlflow\n    url: http://u:{PASSWORD}@h\n    credentials: {{env: NOT_SET}}\n"
    )
    status, answer = run_up("--data", str(tmp_path / "data"), "--config", str(path), "--log-format", "text")
    assert status == 2
    first, second, third = answer.splitlines()
    assert first == f"Error: {path} has 2 faults"
    assert second.startswith(f"{path}:4:10: credentials do not belong in a URL")
    assert third.startswith(f"{path}:5:24: the environment variable that is named here is not set")
    assert PASSWORD not in answer
    assert not (tmp_path / "data").exists()
    # the file is found in the working directory; without a terminal the error is a log line
    here = subprocess.run([str(PROGRAM), "up", "--data", "data"], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert here.returncode == 2
    assert json.loads(here.stderr)["message"].startswith("mlgraph.yaml has 2 faults\nmlgraph.yaml:4:10: ")
