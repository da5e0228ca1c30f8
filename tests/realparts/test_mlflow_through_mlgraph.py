"""A real MLflow and a real mlgraph: `connect`, polling, webhooks, `sync`. The tests depend on each other, in their order."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.contract.serving import Api, Json, Process
from tests.realparts.mlflow_server import MlflowServer, mlflow_server

SCRIPTS = Path(__file__).parents[1] / "sources" / "mlflow"
SPACE = "mlflow%3Aprod"
RATINGS = "mlg://dataset/s3%3A%2F%2Flake/ratings%2Fdaily"
HELD_OUT = "mlg://dataset/s3%3A%2F%2Flake/ratings%2Fheld-out"
MODEL = f"mlg://model/{SPACE}/ranker"
V1, V2 = (f"mlg://model_version/{SPACE}/ranker%2F{number}" for number in (1, 2))
PATIENCE_S = 180.0


@dataclass
class Scene:
    mlflow: MlflowServer
    api: Api
    ids: dict[str, Any]
    secret: str = ""

    def until(self, condition: Callable[[], bool], expected: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, f"{expected}: {self.api.ask('sources')}"
            time.sleep(0.1)

    def source(self) -> Json:
        (found,) = self.api.ask("sources")["sources"]
        assert isinstance(found, dict)
        return found

    def fresh(self) -> None:
        """Make later queries wait for all facts that are stored now."""
        self.api.written = self.api.ask("sources")["watermark"]

    def aliases(self) -> dict[str, list[str]]:
        self.fresh()
        relations = self.api.ask("asset", uri=MODEL)["relations"]
        return {each["target"]: each["properties"]["aliases"] for each in relations if each["relation"] == "points_to"}

    def signed(self, event: Json, secret: str | None = None) -> int:
        body = json.dumps(event).encode()
        sent = str(int(time.time()))
        digest = hmac.new((secret or self.secret).encode(), f"delivery-1.{sent}.".encode() + body, hashlib.sha256).digest()
        headers = {
            "X-MLflow-Delivery-Id": "delivery-1",
            "X-MLflow-Timestamp": sent,
            "X-MLflow-Signature": "v1," + base64.b64encode(digest).decode(),
        }
        return self.api.http.post("/api/v1/webhooks/prod", content=body, headers=headers).status_code


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("mlflow")
    with mlflow_server(folder / "server") as server:
        ids = json.loads(server.run(SCRIPTS / "company.py").splitlines()[-1])
        process = Process("--data", str(folder / "data"))
        api = Api(process.url)
        try:
            yield Scene(server, api, ids)
        finally:
            api.http.close()
            process.stop()


def test_connect_reads_everything_with_its_original_times(scene: Scene) -> None:
    answer = scene.api.http.post("/api/v1/sources", json={"kind": "mlflow", "url": scene.mlflow.url, "name": "prod"})
    assert answer.status_code == 202, answer.text
    scene.secret = answer.json()["webhook"]["secret"]
    scene.until(lambda: scene.source()["state"] == "following", "the backfill ends")
    scene.fresh()
    run = f"mlg://run/{SPACE}/{scene.ids['child']}"
    shown = scene.api.ask("asset", uri=run)
    assert shown["properties"]["state"] == "COMPLETE"
    assert shown["properties"]["started_at"] == "2025-06-15T15:06:41Z"
    assert shown["properties"]["code_version"] == "0123abcd"
    reported = {(e["source"], e["relation"], e["target"]) for e in scene.api.lineage(run, direction="both", level="run")["edges"]}
    assert {(RATINGS, "input_to", run), (HELD_OUT, "input_to", run), (run, "outputs", V1)} <= reported
    roles = {
        each["source"]: each["properties"].get("role")
        for uri in (RATINGS, HELD_OUT)
        for each in [scene.api.ask("why", source=uri, relation="input_to", target=run)["origins"][0] | {"source": uri}]
    }
    assert roles == {RATINGS: "training", HELD_OUT: "validation"}


def test_the_upstream_of_a_version_has_its_training_data_and_not_its_validation_data(scene: Scene) -> None:
    found = {node["uri"] for node in scene.api.lineage(V1, direction="upstream")["nodes"]}
    assert RATINGS in found
    assert HELD_OUT not in found
    assert MODEL in found


def test_an_evaluation_is_between_version_and_held_out_data(scene: Scene) -> None:
    evaluations = {node["uri"] for node in scene.api.lineage(V1)["nodes"] if node["kind"] == "evaluation"}
    assert evaluations
    for uri in evaluations:
        assert scene.api.ask("asset", uri=uri)["properties"]["metrics"]


def test_connecting_again_changes_nothing(scene: Scene) -> None:
    before = scene.api.http.get("/api/v1/export").text
    scene.api.http.post("/api/v1/sources", json={"kind": "mlflow", "url": scene.mlflow.url, "name": "prod"})
    scene.until(lambda: scene.source()["state"] == "following", "it follows again")
    assert scene.api.http.post("/api/v1/sources/prod/sync").status_code == 202
    assert scene.api.http.get("/api/v1/export").text == before


def test_a_webhook_updates_the_object_that_it_names_and_must_be_signed(scene: Scene) -> None:
    assert scene.aliases() == {V1: ["champion", "stable"], V2: ["challenger"]}
    scene.mlflow.run(SCRIPTS / "changes.py", "move")
    event = {
        "entity": "model_version_alias",
        "action": "created",
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "data": {"name": "ranker", "version": "2", "alias": "champion"},
    }
    assert scene.api.http.post("/api/v1/webhooks/prod", json=event).status_code == 401
    assert scene.signed(event, "another secret") == 401
    assert scene.signed(event) == 202
    scene.until(lambda: scene.aliases() == {V1: ["stable"], V2: ["challenger", "champion"]}, "the alias has moved")


def test_polling_finds_a_run_without_a_webhook(scene: Scene) -> None:
    run = json.loads(scene.mlflow.run(SCRIPTS / "changes.py", "train").splitlines()[-1])
    uri = f"mlg://run/{SPACE}/{run}"
    scene.until(lambda: scene.api.get("asset", uri=uri).status_code == 200, "the run is noticed")


def test_sync_notices_deletions_and_renames(scene: Scene) -> None:
    scene.mlflow.run(SCRIPTS / "changes.py", "remove", scene.ids["experiments"]["retrieval"])
    assert scene.api.http.post("/api/v1/sources/prod/sync").status_code == 202
    scene.fresh()
    deleted = scene.api.ask("asset", uri=V2)
    assert deleted["deleted_at"] is not None
    renamed = scene.api.ask("asset", uri=MODEL)
    assert (renamed["uri"], renamed["deleted_at"]) == (f"mlg://model/{SPACE}/home-ranker", None), "both names refer to the asset"
    found = {node["uri"] for node in scene.api.lineage(RATINGS)["nodes"]}
    assert f"mlg://model_version/{SPACE}/home-ranker%2F1" in found
    assert not found & {V1, V2}
    past = {node["uri"] for node in scene.api.lineage(RATINGS, as_of=deleted["history"][0]["valid_from"])["nodes"]}
    assert V2 in past


def test_a_configured_source_reports_its_counts_and_sweeps_by_schedule(scene: Scene, tmp_path: Path) -> None:
    config = tmp_path / "mlgraph.yaml"
    config.write_text(
        f"sources:\n  - {{name: prod, kind: mlflow, url: '{scene.mlflow.url}', environment: production,\n"
        "     credentials: {env: REGISTRY_TOKEN}, schedule: {poll: 1h, sweep: 1s}}\n"
    )
    process = Process("--data", str(tmp_path / "data"), "--config", str(config), environment={"REGISTRY_TOKEN": "not-asked-for"})
    own = Scene(scene.mlflow, Api(process.url), scene.ids)
    try:
        own.until(lambda: own.source()["state"] == "following", "the backfill ends")
        reported = own.api.http.post("/api/v1/sources/prod/test").json()
        assert (reported["ok"], reported["version"][:2], reported["counts"]["registered models"]) == (True, "3.", 1)
        own.fresh()
        run = f"mlg://run/{SPACE}/{scene.ids['child']}"
        assert own.api.ask("asset", uri=run)["environment"] == "production"
        model = f"mlg://model/{SPACE}/home-ranker"
        assert own.api.ask("asset", uri=model)["deleted_at"] is None
        scene.mlflow.run(SCRIPTS / "changes.py", "rename", "home-ranker", "page-ranker")
        own.until(lambda: own.api.ask("asset", uri=model)["uri"].endswith("/page-ranker"), "a sweep notices the new name")
        assert own.source()["errors"] == 0
    finally:
        own.api.http.close()
        process.stop()


def test_a_file_is_named_with_its_scope_by_backfill_poll_and_sync(scene: Scene, tmp_path: Path) -> None:
    def train(name: str) -> str:
        path = tmp_path / name
        run = json.loads(scene.mlflow.run(SCRIPTS / "changes.py", "train_on_files", str(path)).splitlines()[-1])
        return f"mlg://run/{SPACE}/{run}"

    def serve(scope: str) -> Process:
        config = tmp_path / "mlgraph.yaml"
        config.write_text(
            f"sources: [{{name: prod, kind: mlflow, url: '{scene.mlflow.url}', {scope} schedule: {{poll: 1s, sweep: 1h}}}}]\n"
        )
        return Process("--data", str(tmp_path / "data"), "--config", str(config), "--log-format", "text")

    def files(own: Scene, run: str) -> set[str]:
        own.fresh()
        found = own.api.lineage(run, direction="upstream", level="run")["nodes"]
        return {node["uri"].replace(path, "") for node in found if node["kind"] == "dataset"}

    path = str(tmp_path).replace("/", "%2F") + "%2F"
    before = train("before.csv")
    process = serve("")
    own = Scene(scene.mlflow, Api(process.url), scene.ids)
    try:
        own.until(lambda: own.source()["state"] == "following", "the backfill ends")
        assert own.source()["scope"] == "prod"
        assert files(own, before) == {"mlg://dataset/prod%3Afile/before.csv"}
        workflow = own.api.ask("asset", uri="mlg://workflow/prod%3Adefault/nightly")
        assert before in {each["source"] for each in workflow["relations"] if each["relation"] == "run_of"}
        polled = train("polled.csv")
        own.until(lambda: own.api.get("asset", uri=polled).status_code == 200, "the run is noticed")
        assert files(own, polled) == {"mlg://dataset/prod%3Afile/polled.csv"}
        assert own.api.http.post("/api/v1/sources/prod/sync").status_code == 202
        assert files(own, f"mlg://model_version/{SPACE}/local%2F1") == {"mlg://dataset/prod%3Afile/before.csv"}
        assert files(own, before) == {"mlg://dataset/prod%3Afile/before.csv"}
        assert own.api.get("asset", uri=f"mlg://dataset/file/{path}before.csv").status_code == 404
    finally:
        own.api.http.close()
        process.stop()
    assert "new names" not in "".join(process.output)

    process = serve("scope: lab,")
    own = Scene(scene.mlflow, Api(process.url), scene.ids)
    try:
        own.until(lambda: own.source()["scope"] == "lab" and own.source()["events_waiting"] == 0, "it is read from scratch")
        now = {"mlg://dataset/lab%3Afile/polled.csv"}
        own.until(lambda: files(own, polled) == now, "the run reads the file of the new scope")
        assert any("'lab' now, and was 'prod'" in line for line in process.output)
    finally:
        own.api.http.close()
        process.stop()


def test_an_event_waits_while_its_source_is_unreachable(scene: Scene) -> None:
    """The last test: it stops the MLflow server."""
    event = {
        "entity": "registered_model",
        "action": "created",
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "data": {"name": "home-ranker"},
    }
    scene.mlflow.stop()
    assert scene.signed(event) == 202
    scene.until(lambda: scene.source()["circuit"] != "closed", "the circuit opens")
    assert scene.source()["events_waiting"] == 1
    assert scene.api.ask("dead-letters")["dead_letters"] == []
