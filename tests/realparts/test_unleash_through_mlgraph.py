"""A real Unleash and a real mlgraph: history, webhooks, a restore, kills. The tests depend on each other, in their order."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from mlgraph.stores.embedded.server import EmbeddedPostgres
from tests.connectors.unleash.company import Company, strategy, variant
from tests.contract.serving import PATIENCE_S, Api, Json, Process
from tests.plugins import clusters
from tests.realparts.mlflow_server import free_port
from tests.realparts.unleash_server import ADMIN_TOKEN, UnleashServer, unleash_on

pytestmark = pytest.mark.slow

SPACE = "unleash%3Aprod"
ENVIRONMENT = {"UNLEASH_TOKEN": ADMIN_TOKEN}
CHALLENGER = f"mlg://variant/{SPACE}/default%2Franker-test%40production%2Fchallenger"
FLAGS = 30


def version(name: str) -> str:
    return f"mlg://model_version/mlflow%3Aprod/{name}"


def experiment(flag: str, environment: str = "production") -> str:
    return f"mlg://experiment/{SPACE}/default%2F{flag}%40{environment}"


@dataclass
class Scene:
    postgres: EmbeddedPostgres
    folder: Path
    port: int
    api: Api
    webhook: Json = field(default_factory=dict)
    unleash: UnleashServer | None = None
    stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def start_unleash(self, database: str = "mlgraph") -> Company:
        """Start Unleash on a database, always on the same port."""
        url = self.postgres.url.replace("/mlgraph?", f"/{database}?")
        self.unleash = self.stack.enter_context(unleash_on(url, self.folder, self.port))
        return Company(self.unleash)

    def stop_unleash(self) -> None:
        self.stack.close()
        self.unleash = None

    def company(self) -> Company:
        assert self.unleash is not None
        return Company(self.unleash)

    def source(self) -> Json:
        (found,) = self.api.ask("sources")["sources"]
        assert isinstance(found, dict)
        return found

    def until(self, condition: Callable[[], bool], expected: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, f"{expected}: {self.api.ask('sources')}"
            time.sleep(0.2)

    def tested(self, name: str, as_of: str | None = None) -> set[str]:
        """The variants that test a version; their experiments are inferred."""
        self.api.written = self.api.ask("sources")["watermark"]
        if self.api.get("asset", uri=version(name)).status_code != 200:
            return set()
        edges = self.api.edges(version(name), as_of)
        found = {target for source, relation, target in edges if relation == "tested_in" and source == version(name)}
        return {target for target in found if target.startswith("mlg://variant/")}

    def events(self, flag: str, kind: str) -> list[str]:
        """The times of the events of a flag, oldest first."""
        assert self.unleash is not None
        found = self.unleash.ask("search/events", feature=f"IS:{flag}", type=f"IS:{kind}", limit=1000)["events"]
        return [str(each["createdAt"]) for each in reversed(found)]

    def database(self, statement: str) -> None:
        with psycopg.connect(self.postgres.url.replace("/mlgraph?", "/postgres?"), autocommit=True) as connection:
            connection.execute(statement.encode())


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("unleash")
    clusters.prepare(folder / "postgres")
    port = free_port()
    public = {"MLGRAPH_PUBLIC_URL": f"http://127.0.0.1:{port}"}
    with EmbeddedPostgres(folder / "postgres") as postgres:
        process = Process("--data", str(folder / "data"), port=port, environment={**ENVIRONMENT, **public})
        found = Scene(postgres, folder, free_port(), Api(process.url))
        try:
            found.start_unleash().make_all()
            yield found
        finally:
            found.stop_unleash()
            found.api.http.close()
            process.stop()


def test_connect_replays_the_history_with_its_original_times(scene: Scene) -> None:
    assert scene.unleash is not None
    body = {"kind": "unleash", "url": scene.unleash.url, "name": "prod", "registry": "mlflow:prod"}
    answer = scene.api.http.post("/api/v1/sources", json=body)
    assert answer.status_code == 202, answer.text
    scene.webhook = answer.json()["webhook"]
    scene.until(lambda: scene.source()["state"] == "following", "the backfill ends")
    tried = scene.api.http.post("/api/v1/sources/prod/test").json()
    assert (tried["ok"], tried["version"], tried["counts"]) == (True, "7.5.1", {"flags": 4, "archived flags": 1})
    (on,) = scene.events("ranker-test", "feature-environment-enabled")
    (changed,) = scene.events("ranker-test", "feature-strategy-update")
    assert scene.tested("ranker%2F9", on) == {CHALLENGER}
    assert scene.tested("ranker%2F9", changed) == set()
    assert scene.tested("ranker%2F9") == set()
    assert scene.tested("ranker%40new") == {CHALLENGER}
    assert scene.tested("ranker%2F8") == {CHALLENGER.replace("challenger", "champion")}
    assert scene.tested("ranker%2F10") == set(), "that is tested nowhere: development is turned off"
    assert scene.tested("old%2F1") == set(), "the flag was deleted"
    (_, again) = scene.events("reused", "feature-environment-enabled")
    assert scene.tested("old%2F2", again) == scene.tested("old%2F2") != set()
    assert (version("ranker%2F8"), "tested_in", experiment("ranker-test")) in scene.api.edges(version("ranker%2F8"))
    banner = scene.api.ask("asset", uri=experiment("banner"))
    assert banner["properties"]["state"] == "archived"
    assert banner["properties"]["decision"] == "kept bright"


def test_connecting_again_and_a_sync_change_nothing(scene: Scene) -> None:
    before = scene.api.http.get("/api/v1/export").text
    assert scene.api.http.post("/api/v1/sources/prod/sync").status_code == 202
    after = scene.api.http.get("/api/v1/export").text
    new = [line for line in after.splitlines() if line not in set(before.splitlines())]
    assert [line for line in new if "lifecycle" not in line and "exposed" not in line] == [], "Unleash counts these later"


def test_the_integration_exists_once_and_its_deliveries_need_the_secret(scene: Scene) -> None:
    assert scene.unleash is not None
    scene.until(lambda: len(scene.unleash.ask("addons")["addons"]) == 1, "the integration is made")  # type: ignore[union-attr]
    event = {
        "id": 1,
        "type": "feature-archived",
        "createdAt": "2026-11-22T00:00:00Z",
        "featureName": "banner",
        "project": "default",
    }
    post = scene.api.http.post
    path, secret = scene.webhook["path"], scene.webhook["secret"]
    assert post(path, json=event).status_code == 401
    assert post(path, json=event, headers={"authorization": "wrong"}).status_code == 401
    assert post(path, json=event, headers={"authorization": secret}).status_code == 202


def test_a_change_arrives_by_webhook_or_poll(scene: Scene) -> None:
    company = scene.company()
    number = company.unleash.ask("projects/default/features/ranker-test")["environments"][1]["strategies"][0]["id"]
    changed = [variant("champion", 900, {"model": "models:/ranker/8"}), variant("challenger", 100, "models:/ranker/12")]
    company.change("ranker-test", "production", number, strategy("ranker-test", changed))
    scene.until(lambda: scene.tested("ranker%2F12") == {CHALLENGER}, "the change arrives")
    company.switch("ranker-test", "production", "off")
    scene.until(lambda: scene.tested("ranker%2F12") == set(), "the end arrives")
    company.switch("ranker-test", "production", "on")
    scene.until(lambda: scene.tested("ranker%2F12") == {CHALLENGER}, "it is on again")
    (addon,) = company.unleash.ask("addons")["addons"]
    descriptions = iter(range(1000))

    def is_delivered() -> bool:
        """Make another change, because Unleash delivers none of the first minute of an integration."""
        body = {"name": "button", "type": "release", "description": f"text {next(descriptions)}"}
        company.unleash.send("PUT", "projects/default/features/button", body)
        time.sleep(2)
        return "success" in str(company.unleash.ask(f"addons/{addon['id']}/events"))

    scene.until(is_delivered, "a webhook is delivered")


def test_an_archived_and_deleted_flag_ends_with_its_variants(scene: Scene) -> None:
    company = scene.company()
    company.archive("reused")
    scene.until(lambda: scene.tested("old%2F2") == set(), "the archiving arrives")
    company.delete("reused")
    scene.until(lambda: scene.api.ask("asset", uri=experiment("reused"))["deleted_at"] is not None, "the deletion arrives")


def test_while_unleash_is_down_nothing_is_lost_and_later_changes_arrive(scene: Scene) -> None:
    scene.stop_unleash()
    scene.until(lambda: scene.source()["error"] is not None, "the error is shown")
    assert scene.tested("ranker%2F12") == {CHALLENGER}
    company = scene.start_unleash()
    company.create("later")
    company.add("later", "production", strategy("later", [variant("a", 1000, "models:/later/1")]))
    company.switch("later", "production", "on")
    scene.until(lambda: scene.tested("later%2F1") != set(), "the new flag arrives")
    scene.until(lambda: scene.source()["error"] is None, "the error is over")


def test_a_restore_from_a_backup_ends_what_came_after_it(scene: Scene) -> None:
    scene.stop_unleash()
    scene.database("CREATE DATABASE backup TEMPLATE mlgraph")
    company = scene.start_unleash()
    number = company.unleash.ask("projects/default/features/ranker-test")["environments"][1]["strategies"][0]["id"]
    company.change(
        "ranker-test", "production", number, strategy("ranker-test", [variant("challenger", 1000, "models:/ranker/20")])
    )
    company.create("lost")
    company.add("lost", "production", strategy("lost", [variant("a", 1000, "models:/lost/1")]))
    company.switch("lost", "production", "on")
    scene.until(lambda: scene.tested("lost%2F1") != set() and scene.tested("ranker%2F20") == {CHALLENGER}, "changes arrive")
    (lost_on,) = scene.events("lost", "feature-environment-enabled")
    scene.stop_unleash()
    scene.start_unleash("backup")
    scene.until(lambda: scene.tested("ranker%2F20") == set(), "what came after the backup ends")
    assert scene.tested("ranker%2F12") == {CHALLENGER}, "what the backup has begins again"
    assert scene.api.http.post("/api/v1/sources/prod/sync").status_code == 202
    assert scene.tested("lost%2F1") == set()
    assert scene.tested("lost%2F1", lost_on) != set(), "it was so"


def test_a_backfill_that_is_killed_continues(scene: Scene, tmp_path: Path) -> None:
    assert scene.unleash is not None
    company = scene.company()
    for number in range(FLAGS):
        flag = f"many-{number}"
        company.create(flag)
        company.add(flag, "production", strategy(flag, [variant("a", 1000, f"models:/many/{number}")]))
        company.switch(flag, "production", "on")
    config = tmp_path / "mlgraph.yaml"
    config.write_text(
        f"sources:\n  - {{name: prod, kind: unleash, url: '{scene.unleash.url}', registry: 'mlflow:prod',\n"
        "     credentials: {env: UNLEASH_TOKEN}, limits: {requests_per_s: 20}, schedule: {poll: 1s}}\n"
    )
    arguments = ("--data", str(tmp_path / "data"), "--config", str(config))
    for kills in range(2):
        process = Process(*arguments, environment=ENVIRONMENT)
        own = Scene(scene.postgres, scene.folder, scene.port, Api(process.url), unleash=scene.unleash)
        try:
            if kills == 0:
                own.until(lambda own=own: 0 < own.source()["done"] < FLAGS, "a part is read")  # type: ignore[misc]
                process.kill()
                continue
            own.until(lambda own=own: own.source()["state"] == "following", "the backfill ends")  # type: ignore[misc]
            missing = [number for number in range(FLAGS) if own.tested(f"many%2F{number}") == set()]
            assert missing == []
            assert own.source()["errors"] == 0
        finally:
            own.api.http.close()
            process.stop()
