"""A real dbt and a real mlgraph: events and files are one graph, and a removed model ends. The tests run in order."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.connectors.dbt import record
from tests.contract.serving import PROGRAM, Api, Process

pytestmark = pytest.mark.slow

SEED = "mlg://workflow/dbt/seed.shop.orders"
EXPOSURE = "mlg://workflow/dbt%3Ashop/exposure.shop.ranker"
MODELS = ("customers", "customer_features_file")


@dataclass
class Scene:
    project: Path
    api: Api

    def dbt(self, program: str, *arguments: str) -> None:
        """Run a program of dbt; events go to the server."""
        environment = {
            **os.environ,
            "PATH": f"{record.DBT_BIN}{os.pathsep}{os.environ['PATH']}",
            "DBT_PROFILES_DIR": str(self.project),
            "DO_NOT_TRACK": "1",
            "OPENLINEAGE_URL": self.api.url,
        }
        environment.pop("PYTHONPATH", None)
        subprocess.run([str(record.DBT_BIN / program), *arguments], cwd=self.project, env=environment, check=True)

    def connect(self) -> subprocess.CompletedProcess[str]:
        """Send the files to the server."""
        command = [str(PROGRAM), "connect", "dbt", "target", "--profiles", str(self.project)]
        environment = {**os.environ, "MLGRAPH_URL": self.api.url}
        done = subprocess.run(command, cwd=self.project, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        self.api.written = int(done.stdout.partition("watermark ")[2].split()[0])
        return done

    def table(self, name: str) -> str:
        return f"mlg://dataset/{quote(f'duckdb://{self.project}/shop.duckdb', safe='')}/shop.main.{name}"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("dbt").resolve()
    shutil.copytree(record.HERE / "company", folder / "shop")
    (folder / "shop" / "lake").mkdir()
    process = Process("--data", str(folder / "data"))
    api = Api(process.url)
    try:
        yield Scene(folder / "shop", api)
    finally:
        api.close()
        process.stop()


def test_events_and_files_are_one_graph_from_the_seed_to_the_exposure(scene: Scene) -> None:
    scene.dbt("dbt-ol", "build")
    scene.connect()
    lineage = scene.api.reached(SEED)
    assert set(lineage) == {
        SEED,
        scene.table("orders"),
        *(f"mlg://workflow/dbt/model.shop.{name}" for name in MODELS),
        *(scene.table(name) for name in MODELS),
        EXPOSURE,
    }
    assert {certainty for _, certainty in lineage.values()} == {"certain"}
    customers = scene.api.ask("asset", uri=scene.table("customers"))
    assert customers["origins"] == ["dbt", "openlineage"]
    assert customers["tags"] == ["daily"]
    results = scene.api.ask("asset", uri=scene.table("customers"))["properties"]["quality"]["assertions"]
    assert {(each["assertion"], each["success"]) for each in results} == {("not_null", True), ("unique", True)}
    column = scene.table("orders").replace("mlg://dataset", "mlg://column") + "%23amount"
    reached = {uri.rpartition("/")[2]: certainty for uri, (_, certainty) in scene.api.reached(column).items()}
    assert reached["shop.main.customers%23spent"] == reached["shop.main.customer_features_file%23total_spent"] == "certain"


def test_the_file_of_an_external_model_is_the_model(scene: Scene) -> None:
    file = f"mlg://dataset/file/{quote(str(scene.project / 'lake' / 'customer_features.parquet'), safe='')}"
    assert scene.api.ask("asset", uri=file)["uri"] == scene.table("customer_features_file")


def test_a_run_has_one_name_for_events_and_files(scene: Scene) -> None:
    results = json.loads((scene.project / "target" / "run_results.json").read_text("utf-8"))
    invocation = results["metadata"]["invocation_id"]
    for name in (invocation, f"{invocation}%2Fmodel.shop.customers"):
        run = scene.api.ask("asset", uri=f"mlg://run/dbt/{name}")
        assert run["uri"] != f"mlg://run/dbt/{name}"
        assert run["origins"] == ["dbt", "openlineage"]
        assert run["properties"]["state"] == "COMPLETE"


def test_the_catalog_adds_types_and_docs_generate_is_no_run(scene: Scene) -> None:
    scene.dbt("dbt", "docs", "generate")
    done = scene.connect()
    assert "these are no results of runs" in done.stderr
    schema = scene.api.ask("asset", uri=scene.table("orders"))["properties"]["schema"]
    assert [(column["name"], column["type"]) for column in schema] == [
        ("order_id", "INTEGER"),
        ("customer_id", "INTEGER"),
        ("amount", "DOUBLE"),
        ("placed_at", "DATE"),
    ]


def test_what_a_changed_project_has_not_ends(scene: Scene) -> None:
    (scene.project / "models" / "customer_features_file.sql").unlink()
    schema = scene.project / "models" / "schema.yml"
    text = schema.read_text("utf-8")
    start, end = text.index("  - name: customer_features_file"), text.index("exposures:")
    changed = text[:start] + text[end:].replace("customer_features_file", "customers")
    schema.write_text(changed, "utf-8")
    scene.dbt("dbt", "build")
    scene.connect()
    lineage = scene.api.edges(SEED)
    assert (scene.table("customers"), "input_to", EXPOSURE) in lineage
    assert (scene.table("customer_features_file"), "input_to", EXPOSURE) not in lineage
    removed = scene.api.ask("asset", uri=scene.table("customer_features_file"))
    assert "dbt" not in removed["origins"]


def test_a_project_of_files_alone_ends_what_it_has_not(scene: Scene, tmp_path: Path) -> None:
    project = tmp_path / "other"
    shutil.copytree(record.HERE / "company", project)
    (project / "lake").mkdir()
    settings = project / "dbt_project.yml"
    settings.write_text(
        settings.read_text("utf-8").replace("name: shop", "name: other").replace("  shop:\n", "  other:\n"), "utf-8"
    )
    mine = Scene(project, scene.api)
    mine.dbt("dbt", "build")
    mine.connect()
    exposure = "mlg://workflow/dbt%3Aother/exposure.other.ranker"
    assert exposure in scene.api.reached("mlg://workflow/dbt/seed.other.orders")
    schema = project / "models" / "schema.yml"
    text = schema.read_text("utf-8")
    schema.write_text(text[: text.index("exposures:")], "utf-8")
    mine.dbt("dbt", "build")
    mine.connect()
    assert exposure not in scene.api.reached("mlg://workflow/dbt/seed.other.orders")
    assert scene.api.ask("asset", uri=exposure)["deleted_at"] is not None
