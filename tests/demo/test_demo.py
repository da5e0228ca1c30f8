"""Builds the complete demo company once, from the installed wheel, and checks every scenario that docs/demo.md describes."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests import installation
from tests.demo.dropped_columns import READ_BY, recall_and_precision

BUILD_LIMIT_S: Final = 180.0
RESTART_LIMIT_S: Final = 20.0
LAKE: Final = "mlg://dataset/s3%3A%2F%2Fstreamflix-lake"
SERVICES: Final = "mlg://service/streamflix"
VERSIONS: Final = "mlg://model_version/mlflow%3Astreamflix"
PATIENCE_S: Final = 180.0


def load_factor() -> float:
    """Return the number of runnable processes for each core (at least 1), the factor by which time limits are extended."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


@dataclass
class Demo:
    """`mlgraph demo` as a user runs it: the process, its output, and the server."""

    program: list[str]
    data: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    ready_too_early: bool = False
    seconds: list[float] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def printed(self) -> str:
        return (self.data / "out.txt").read_text("utf-8")

    def start(self, limit_s: float) -> None:
        """Start the demo and wait until it has printed the tour."""
        started_at = time.monotonic()
        with (self.data / "out.txt").open("wb") as out, (self.data / "err.txt").open("wb") as err:
            command = [*self.program, "demo", "--port", str(self.port), "--data", str(self.data / "demo")]
            self.process = subprocess.Popen(command, stdout=out, stderr=err, env=ENVIRONMENT, cwd=self.data)
        while "mlgraph diff " not in self.printed:
            if self.process.poll() is not None or time.monotonic() - started_at > limit_s * load_factor():
                raise AssertionError(f"no demo after {limit_s} s:\n{(self.data / 'err.txt').read_text('utf-8')[-3000:]}")
            with contextlib.suppress(httpx.HTTPError):
                ready = httpx.get(f"{self.url}/readyz", timeout=2).status_code == httpx.codes.OK
                self.ready_too_early |= ready and not (self.data / "demo" / "company.json").exists()
            time.sleep(0.1)
        self.seconds.append(time.monotonic() - started_at)

    def stop(self, signal_number: signal.Signals) -> None:
        if self.process:
            self.process.send_signal(signal_number)
            self.process.wait(timeout=PATIENCE_S)

    def ask(self, path: str, **query: str) -> dict[str, Any]:
        answer = httpx.get(f"{self.url}/api/v1/{path}", params=query, timeout=30)
        assert answer.status_code == httpx.codes.OK, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def export(self) -> bytes:
        return httpx.get(f"{self.url}/api/v1/export", timeout=60).content

    def company(self) -> dict[str, Any]:
        described: dict[str, Any] = json.loads((self.data / "demo" / "company.json").read_text("utf-8"))
        return described

    def commands(self) -> list[list[str]]:
        """Return the commands of the printed tour, as arguments."""
        lines = [line for line in self.printed.splitlines() if line.startswith("mlgraph ")]
        return [shlex.split(line) for line in lines if not line.startswith("mlgraph is ready at ")]


ENVIRONMENT: Final = installation.clean_environment()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def run(program: list[str], *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [*program, *arguments]
    return subprocess.run(command, env={**ENVIRONMENT, **environment}, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """The program as the wheel installs it with its extra `demo`, outside of the checkout."""
    wheel, _ = installation.build(tmp_path_factory.mktemp("dist"))
    programs = installation.install(tmp_path_factory.mktemp("environment") / "venv", "demo.txt", wheel)
    ENVIRONMENT["NUMBA_CACHE_DIR"] = str(tmp_path_factory.mktemp("kernels"))
    yield [str(programs / "mlgraph")]
    del ENVIRONMENT["NUMBA_CACHE_DIR"]


@pytest.fixture(scope="module")
def demo(program: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    built = Demo(program, tmp_path_factory.mktemp("demo"), free_port())
    try:
        built.start(BUILD_LIMIT_S)
        yield built
    finally:
        built.stop(signal.SIGTERM)


def test_is_ready_only_when_the_company_is_loaded(demo: Demo) -> None:
    assert not demo.ready_too_early
    assert httpx.get(f"{demo.url}/readyz", timeout=5).status_code == httpx.codes.OK
    assert demo.url in demo.printed


def test_prints_five_commands_that_work(demo: Demo) -> None:
    commands = demo.commands()
    assert [words[1] for words in commands] == ["impact", "lineage", "live", "why", "diff"]
    for words in commands:
        done = run(demo.program, *words[1:])
        assert done.returncode == 0, (words, done.stderr)
        assert len(done.stdout.splitlines()) >= 2, (words, done.stdout)
        assert done.stderr == ""


def test_licences_of_the_data_are_named(demo: Demo) -> None:
    output = (demo.data / "err.txt").read_text("utf-8")
    assert "GroupLens" in output
    assert "CC BY 4.0" in output


def test_every_team_owns_workflows_or_services(demo: Demo) -> None:
    for team in ("data-platform", "content-understanding", "recommendations", "search-and-ads", "experimentation"):
        impact = demo.ask("impact", uri=f"{LAKE}/ratings")
        owned = {uri for notice in impact["notify"] if notice["owner"].endswith(f"/{team}") for uri in notice["assets"]}
        assert any(uri.startswith(("mlg://workflow/", "mlg://service/")) for uri in owned), team


def test_schema_change_of_the_hub_reaches_services_of_three_teams(demo: Demo) -> None:
    impact = demo.ask("impact", uri=f"{LAKE}/ratings", change="schema")
    services = {entry["name"]: entry for entry in impact["affected"] if entry["kind"] == "service"}
    owners = {owner for entry in services.values() for owner in entry["owners"]}
    assert {"home-feed", "title-search", "more-like-this", "ad-decisions"} <= services.keys()
    assert len(owners) >= 3
    assert {entry["effect"] for entry in services.values()} == {"breaks_next_run"}
    assert not [entry for entry in impact["affected"] if entry["kind"] in ("model_version", "evaluation")]
    assert not [entry for entry in impact["affected"] if not entry["owners"]], "every affected asset has owners to notify"


@pytest.mark.parametrize("column", READ_BY)
def test_a_dropped_column_of_the_hub_breaks_what_reads_it(demo: Demo, column: str) -> None:
    change = {"path": "m.sql", "after": f"alter table ratings drop column {column}"}
    answer = httpx.post(f"{demo.url}/api/v1/impact", json={"changes": [change]}, timeout=60).json()
    recall, precision = recall_and_precision(answer, column)
    assert recall == 1
    assert precision >= 0.9


def test_one_dataset_is_one_node_for_all_origins(demo: Demo) -> None:
    reached = demo.ask("lineage", uri=f"{LAKE}/ratings", depth="1")
    uris = {node["uri"] for node in reached["nodes"]}
    assert "mlg://workflow/recommendations/title-popularity.build" in uris  # reported by OpenLineage
    assert "mlg://workflow/recommendations/home-ranker.train" in uris  # reported by MLflow
    origins = {origin for edge in reached["edges"] for origin in edge["origins"]}
    assert {"openlineage", "mlflow"} <= origins


def test_two_teams_built_nearly_the_same_embedding(demo: Demo) -> None:
    company = demo.company()
    assert company["embedding_agreement"] > 0.5, "of ten nearest titles most are the same"
    models = [demo.ask("asset", uri=f"mlg://model/mlflow%3Astreamflix/{n}") for n in ("title-embedding", "movie-vectors")]
    assert all("mbedding" in model["description"] and "genres" in model["description"] for model in models)
    assert len({owner for model in models for owner in model["owners"]}) == 2
    for table in ("content%2Ftitle_embeddings", "recommendations%2Fmovie_vectors"):
        upstream = demo.ask("lineage", uri=f"{LAKE}/{table}", direction="upstream", depth="2")
        assert {f"{LAKE}/ratings", f"{LAKE}/titles"} <= {node["uri"] for node in upstream["nodes"]}


def test_model_was_replaced_three_weeks_ago(demo: Demo) -> None:
    before = next(words for words in demo.commands() if words[1] == "live")
    then = before[before.index("--as-of") + 1]
    served = [serving(demo, as_of=then), serving(demo)]
    assert served == [["home-ranker/1"], ["home-ranker/2"]]
    ages = [
        {node["name"] for node in demo.ask("lineage", uri=f"{SERVICES}/home-feed", direction="upstream", **at)["nodes"]}
        for at in ({"as_of": then}, {})
    ]
    assert "home-ranker/1" in ages[0]
    assert "home-ranker/1" not in ages[1]
    assert {"home-ranker/2", "home-ranker.train", "ratings.load"} <= ages[1]


def serving(demo: Demo, **at: str) -> list[str]:
    live = demo.ask("live", service=f"{SERVICES}/home-feed", **at)["services"][0]
    return [version["name"] for deployment in live["deployments"] for version in deployment["versions"]]


def test_retrained_version_is_evaluated_and_not_deployed(demo: Demo) -> None:
    newest = demo.ask("asset", uri=f"{VERSIONS}/home-ranker%2F3")
    relations = {relation["relation"] for relation in newest["relations"]}
    assert {"evaluated_by", "version_of", "outputs"} <= relations
    assert "deployed_as" not in relations
    evaluation = next(r["target"] for r in newest["relations"] if r["relation"] == "evaluated_by")
    metrics = demo.ask("asset", uri=evaluation)["properties"]["metrics"]
    assert {"recall_at_10", "ndcg_at_10", "auc"} <= metrics.keys()
    assert all(0 < value < 1 for value in metrics.values())
    assert metrics["auc"] > 0.6
    aliases = [
        r["target"]
        for r in demo.ask("asset", uri="mlg://model/mlflow%3Astreamflix/home-ranker")["relations"]
        if r["relation"] == "points_to"
    ]
    assert sorted(aliases) == [f"{VERSIONS}/home-ranker%2F{number}" for number in (2, 3)]


def test_failed_run_is_upstream_of_the_degraded_service(demo: Demo) -> None:
    service = demo.ask("asset", uri=f"{SERVICES}/ad-decisions")
    assert service["health"]["status"] == "failing"
    assert "degraded" in service["health"]["reasons"][0]
    failure = demo.company()["failure"]
    run = f"mlg://run/search-and-ads/{failure['run_id']}"
    reached = demo.ask("lineage", uri=f"{SERVICES}/ad-decisions", direction="upstream", level="run", depth="2")
    assert run in {node["uri"] for node in reached["nodes"]}
    failed = demo.ask("asset", uri=run)
    assert failed["properties"]["state"] == "FAIL"
    assert failed["properties"]["error"]["message"] == "KeyError: 'age'"
    upstream = demo.ask("lineage", uri=f"{SERVICES}/ad-decisions", direction="upstream")
    assert "mlg://workflow/search-and-ads/ad-audiences.build" in {node["uri"] for node in upstream["nodes"]}
    columns = [field["name"] for field in demo.ask("asset", uri=f"{LAKE}/members")["properties"]["schema"]]
    assert "age_band" in columns
    assert "age" not in columns


def test_experiment_compares_the_two_logged_policies(demo: Demo) -> None:
    experiment = demo.ask("asset", uri="mlg://experiment/streamflix/shelf-policy")
    arms = {r["source"] for r in experiment["relations"] if r["relation"] == "variant_of"}
    assert {arm.rpartition("%2F")[2] for arm in arms} == {"random", "bts"}
    for arm in arms:
        policy = arm.rpartition("%2F")[2]
        described = demo.ask("asset", uri=arm)
        assert described["properties"]["impressions"] == 10_000  # of each policy's log
        assert described["properties"]["ctr"] == described["properties"]["clicks"] / described["properties"]["impressions"]
        tested = {r["source"] for r in described["relations"] if r["relation"] == "tested_in"}
        assert f"{VERSIONS}/shelf-policy-{policy}%2F1" in tested
    assert abs(experiment["properties"]["z"]) < 1.96, "so that the decision is open"
    priors = "mlg://dataset/s3%3A%2F%2Fstreamflix-landing/open-bandit%2Fpriors"
    edges = demo.ask("lineage", uri=priors)["edges"]
    tested_in = {e["source"]: e["origins"] for e in edges if e["target"] == experiment["uri"]}
    assert tested_in[f"{VERSIONS}/shelf-policy-bts%2F1"] == ["rule:tested-in-experiment"]
    assert priors in {n["uri"] for n in demo.ask("lineage", uri=experiment["uri"], direction="upstream")["nodes"]}


def test_data_quality_checks_ran_on_the_data(demo: Demo) -> None:
    ratings = demo.ask("asset", uri=f"{LAKE}/ratings")
    assertions = ratings["properties"]["quality"]["assertions"]
    assert {(each["assertion"], each["success"]) for each in assertions} == {("not_null", True), ("between", True)}
    titles = demo.ask("asset", uri=f"{LAKE}/titles")
    assert titles["health"]["status"] == "failing", "one film of the catalogue has no date of release"


def test_sources_can_be_synced(demo: Demo) -> None:
    done = httpx.post(f"{demo.url}/api/v1/sources/streamflix/sync", timeout=60)
    assert done.is_success, done.text
    assert [(source["state"], source["error"]) for source in done.json()["sources"]] == [("following", None)]


def test_a_killed_and_restarted_demo_is_the_same(demo: Demo) -> None:
    commands, before = demo.commands(), demo.export()
    demo.stop(signal.SIGKILL)
    assert not mlflow_answers_after(demo, 5 * load_factor()), "child processes end with the demo even if it is killed"
    started_at = time.time()
    demo.start(RESTART_LIMIT_S)
    assert demo.commands() == commands
    limit = time.monotonic() + PATIENCE_S
    while not read_again_since(demo, started_at):  # MLflow is read again from the beginning, without any change
        assert time.monotonic() < limit
        time.sleep(0.2)
    assert demo.export() == before


def mlflow_answers_after(demo: Demo, seconds: float) -> bool:
    """Return whether the company's MLflow still answers after some seconds."""
    port = json.loads((demo.data / "demo" / "mlflow" / "server.json").read_text("utf-8"))["port"]
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        try:
            httpx.get(f"http://127.0.0.1:{port}/health", timeout=2)
        except httpx.HTTPError:
            return False
        time.sleep(0.1)
    return True


def read_again_since(demo: Demo, started_at: float) -> bool:
    source = demo.ask("sources")["sources"][0]
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(started_at))
    return source["state"] == "following" and str(source["last_sync_at"]) > at


def test_a_stopped_demo_leaves_no_process(demo: Demo) -> None:
    demo.stop(signal.SIGTERM)
    assert not mlflow_answers_after(demo, load_factor())


@pytest.mark.parametrize(
    ("environment", "output"),
    [
        ({"MLGRAPH_MLFLOW": "/nowhere"}, "uv tool install 'mlgraph[demo]'"),
        ({"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}, "Check the connection to the package index"),
    ],
)
def test_a_missing_requirement_is_reported_with_what_to_do(
    program: list[str], tmp_path: Path, environment: dict[str, str], output: str
) -> None:
    done = run(program, "demo", "--port", str(free_port()), "--data", str(tmp_path / "demo"), **environment)
    assert done.returncode == 1
    assert output in done.stderr
    assert "Traceback" not in done.stderr


def test_refuses_a_directory_with_other_files(program: list[str], tmp_path: Path) -> None:
    (tmp_path / "graph").mkdir()
    done = run(program, "demo", "--port", str(free_port()), "--data", str(tmp_path))
    assert done.returncode == 1
    assert "--data" in done.stderr
    assert (tmp_path / "graph").is_dir()
