"""Tools that share disks have one scope and stay apart as origins; references to models are names of their versions."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlgraph.connectors import mlflow
from tests.connectors.suite import lines_of
from tests.contract.producing import at
from tests.contract.serving import PROGRAM, Api, Names, Process, edge, retract

Json = dict[str, Any]
FILE = {"namespace": "file", "name": "/data/features.parquet"}
DUCKDB = {"namespace": "duckdb:///data/shop.duckdb", "name": "shop.main.orders"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A token file: two tools of one scope, one of another, and a reader."""
    tokens = tmp_path_factory.mktemp("scopes") / "tokens.json"
    entries = [{"token": name, "actor": name, "source": name, "scope": "site"} for name in ("airflow-a", "feast-a")]
    entries += [{"token": "elsewhere", "actor": "elsewhere", "source": "elsewhere"}]
    tokens.write_text(json.dumps([*entries, {"token": "any", "actor": "any", "admin": True}]))
    tokens.chmod(0o600)
    return tokens


@pytest.fixture(scope="module")
def apis(site: Path) -> Iterator[dict[str, Api]]:
    process = Process("--data", str(site.parent / "data"), "--tokens", str(site))
    callers = {name: Api(process.url, name) for name in ("airflow-a", "feast-a", "elsewhere", "any")}
    yield callers
    for api in callers.values():
        api.close()
    assert process.stop() == 0


def event(job: str, **sides: Any) -> Json:
    run = {"runId": f"run-of-{job}"}
    return {"eventTime": at(1), "eventType": "COMPLETE", "run": run, "job": {"namespace": f"{job}-prod", "name": job}, **sides}


def reads(api: Api, *tools: Api) -> None:
    api.written = max(each.written for each in tools)


def test_tools_of_one_scope_name_one_file_and_are_origins_of_their_own(apis: dict[str, Api]) -> None:
    airflow, feast, elsewhere, reader = apis.values()
    airflow.event(event("writes", outputs=[FILE, DUCKDB]))
    feast.event(event("reads", inputs=[FILE, DUCKDB]))
    elsewhere.event(event("other", inputs=[FILE]))
    reads(reader, airflow, feast, elsewhere)
    for dataset in ("site%3Afile/%2Fdata%2Ffeatures.parquet", "site%3Aduckdb%3A%2F%2F%2Fdata%2Fshop.duckdb/shop.main.orders"):
        reached = reader.reached(f"mlg://dataset/{dataset}", direction="both").keys()
        assert {"mlg://workflow/writes-prod/writes", "mlg://workflow/reads-prod/reads"} <= reached
        assert "mlg://workflow/other-prod/other" not in reached
    assert reader.get("asset", uri="mlg://dataset/elsewhere%3Afile/%2Fdata%2Ffeatures.parquet").status_code == 200
    assert reader.get("asset", uri="mlg://dataset/file/%2Fdata%2Ffeatures.parquet").status_code == 404
    for api, name in ((airflow, "airflow-a"), (feast, "feast-a")):
        api.taken(edge("mlg://dataset/n/a", "derives", f"mlg://dataset/n/{name}", at(1)))
        assert api.ask("asset", uri=f"mlg://dataset/n/{name}")["relations"][0]["origins"] == [name]


def test_without_tokens_files_are_one_as_written(api: Api) -> None:
    api.event(event("writes", outputs=[FILE]))
    api.event(event("reads", inputs=[FILE]))
    reached = api.reached("mlg://dataset/file/%2Fdata%2Ffeatures.parquet", direction="both").keys()
    assert {"mlg://workflow/writes-prod/writes", "mlg://workflow/reads-prod/reads"} <= reached


def registry(instance: str, champion: str) -> list[Json]:
    """What the connector says of a registered model with two versions, whose alias `champion` points to one."""
    made = 1_767_225_600_000
    versions = [
        {"name": "ranker", "version": number, "creation_timestamp": made, "source": f"models:/m-{number * 32}"} for number in "12"
    ]
    model = {"name": "ranker", "creation_timestamp": made, "aliases": [{"alias": "champion", "version": champion}]}
    payloads = [{"type": "mlflow.model_version", "data": {"model_version": each}} for each in versions]
    payloads += [{"type": "mlflow.registered_model", "data": {"registered_model": model}}]
    return [line for each in payloads for line in lines_of(mlflow.normalise({"instance": instance, **each}))]


@pytest.mark.parametrize("tokens", [True, False])
def test_references_are_names_of_versions(apis: dict[str, Api], api: Api, names: Names, *, tokens: bool) -> None:
    reader = apis["any"] if tokens else api
    space = f"mlg://model_version/mlflow%3A{names.space}/"
    by_alias, by_id = f"{space}ranker%40champion", f"{space}models%3A%2Fm-{'2' * 32}"
    deployment, evaluation = f"mlg://deployment/{names.space}/home", f"mlg://evaluation/{names.space}/e"
    reader.taken(edge(by_alias, "deployed_as", deployment, at(1)), edge(by_id, "evaluated_by", evaluation, at(1)))
    reader.taken(*registry(names.space, "1"))
    assert deployment in reader.reached(f"{space}ranker%2F1")
    assert reader.ask("asset", uri=by_id)["uri"] == f"{space}ranker%2F2"
    assert reader.ask("lineage", uri=by_alias)["root"] == f"{space}ranker%2F1"
    reader.taken(
        retract(by_alias, "alias_of", f"{space}ranker%2F1", origin="mlflow", at=at(10)),
        edge(by_alias, "alias_of", f"{space}ranker%2F2", at(10), origin="mlflow"),
    )
    assert deployment not in reader.reached(f"{space}ranker%2F1")
    assert deployment in reader.reached(f"{space}ranker%2F2")
    assert deployment in reader.reached(f"{space}ranker%2F1", as_of=at(9))


def command(api: Api, *arguments: str, token: str | None = None) -> str:
    environment = {**os.environ, "COLUMNS": "200", **({"MLGRAPH_TOKEN": token} if token else {})}
    words = [str(PROGRAM), *arguments, "--url", api.url]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_printed_lines_have_the_address_and_a_token_that_is_accepted(apis: dict[str, Api], api: Api, site: Path) -> None:
    assert "pushed, as openlineage" in command(api, "connect")
    asked = ("connect", "airflow", "--name", "airflow-prod", "--scope", "site")
    transport = f'{{"type":"http","url":"{api.url}","endpoint":"api/v1/lineage"}}'
    lines = command(api, *asked).splitlines()
    assert lines[1:] == [f"AIRFLOW__OPENLINEAGE__TRANSPORT={transport}", "AIRFLOW__OPENLINEAGE__NAMESPACE=airflow-prod"]
    lines = command(apis["any"], *asked, token="any").splitlines()  # noqa: S106 - of this test
    entry = json.loads(lines[1])
    sent_to = json.loads(next(line for line in lines if line.startswith("AIRFLOW__OPENLINEAGE__TRANSPORT=")).partition("=")[2])
    assert (sent_to["url"], entry["scope"]) == (apis["any"].url, "site")
    assert entry["sha256"] == hashlib.sha256(sent_to["auth"]["apiKey"].encode()).hexdigest()
    own = Api(sent_to["url"], sent_to["auth"]["apiKey"])
    site.write_text(json.dumps([*json.loads(site.read_text()), entry]))
    deadline = time.monotonic() + 30
    while own.http.get("/api/v1/live").status_code == 401:
        assert time.monotonic() < deadline, "the token file is read again"
        time.sleep(0.1)
    own.event(event("pasted", inputs=[FILE]))
    reads(apis["any"], own)
    assert "mlg://workflow/pasted-prod/pasted" in apis["any"].reached("mlg://dataset/site%3Afile/%2Fdata%2Ffeatures.parquet")
    own.close()
