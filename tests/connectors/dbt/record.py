"""Records what is beside this file again, from a real dbt: `make record TOOL=dbt`.

`recorded/`: the events of `dbt-ol`, for the connector of OpenLineage. `payloads/`: the artifacts; the facts are what the
connector makes of them, to be read before they are kept. dbt, dbt-duckdb and openlineage-dbt are those in `.tools/dbt`. What
names the machine is replaced.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Final

from mlgraph.connectors.dbt import normalise
from mlgraph.connectors.dbt.artifacts import TARGET
from mlgraph.connectors.dbt.stored_copy import trimmed
from tests.connectors.suite import lines_of

HERE: Final = Path(__file__).parent
DBT_BIN: Final = HERE.parents[2] / ".tools" / "dbt" / "bin"
PLACE: Final = "/srv/shop"
"""Where the project stands in the recorded documents."""
PARENT: Final = "airflow-prod/nightly.dbt/0193a200-1111-7abc-8def-000000000003"
COMMANDS: Final[dict[str, tuple[tuple[str, ...], dict[str, str]]]] = {
    "build": (("build",), {}),
    "run": (("run",), {}),
    "run_in_airflow": (("run",), {"OPENLINEAGE_PARENT_ID": PARENT}),
    "run_absolute": (("run",), {"SHOP_DATABASE": "{project}/shop.duckdb"}),
    "build_structured_logs": (("--consume-structured-logs", "build"), {}),
}
_LATER_STATEMENT: Final = re.compile(r"\.sql\.(?!1\Z)\d+\Z")


def main() -> None:
    record_events()
    record_artifacts()


def record_artifacts() -> None:
    """Record the artifacts of a build and of `dbt docs generate`, with the members that the connector reads."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "shop"
        shutil.copytree(HERE / "company", project)
        (project / "lake").mkdir()
        dbt(project, "build")
        built = {name: artifact(project, name) for name in ("manifest", "run_results")}
        dbt(project, "docs", "generate")
        catalog = artifact(project, "catalog")
        dbt(project, "run")
        run_results = artifact(project, "run_results")
        settings = {"type": TARGET, "place": "duckdb://shop.duckdb", "directory": PLACE}
        _payload("target", settings | built | {"catalog": catalog}, project)
        _payload("manifest", built["manifest"], project)
        _payload("run_results", run_results, project)
        _payload("target_without_place", {"type": TARGET, "manifest": built["manifest"], "catalog": catalog}, project)


def dbt(project: Path, *arguments: str) -> None:
    """Run a command of dbt in a project."""
    environment = {**os.environ, "DBT_PROFILES_DIR": str(project), "DO_NOT_TRACK": "1"}
    subprocess.run([str(DBT_BIN / "dbt"), *arguments], cwd=project, env=environment, check=True, stdout=subprocess.DEVNULL)


def artifact(project: Path, name: str) -> dict[str, Any]:
    """Return an artifact of a project, with the members that the connector reads."""
    return trimmed(json.loads((project / "target" / f"{name}.json").read_text("utf-8")))


def _payload(name: str, payload: dict[str, Any], project: Path) -> None:
    version = subprocess.run([str(DBT_BIN / "dbt"), "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"installed: +(\S+)", version)
    assert found is not None, version
    payload = json.loads(json.dumps(payload).replace(str(project), PLACE))
    document = {"tool": f"dbt {found[1]}", "payload": payload, "facts": lines_of(normalise(payload))}
    _write(HERE / "payloads" / f"{name}.json", json.dumps(document, indent=1, ensure_ascii=False) + "\n", project)


def record_events() -> None:
    """Record the events of several commands of `dbt-ol`."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "shop"
        shutil.copytree(HERE / "company", project)
        (project / "lake").mkdir()
        for name, (arguments, variables) in COMMANDS.items():
            events = Path(folder) / f"{name}.ndjson"
            _run(project, arguments, {key: value.format(project=project) for key, value in variables.items()}, events)
            retained = [event for event in _read(events) if not _LATER_STATEMENT.search(event["job"]["name"])]
            lines = [json.dumps(event, sort_keys=True, separators=(",", ":")) for event in retained]
            _write(HERE / "recorded" / "events" / f"{name}.ndjson", "\n".join(lines) + "\n", project)
        _write(HERE / "recorded" / "run_results.json", (project / "target" / "run_results.json").read_text("utf-8"), project)


def _run(project: Path, arguments: tuple[str, ...], variables: dict[str, str], events: Path) -> None:
    transport = {"TYPE": "file", "LOG_FILE_PATH": str(events), "APPEND": "true"}
    environment = {
        **os.environ,
        "PATH": f"{DBT_BIN}{os.pathsep}{os.environ['PATH']}",
        "DBT_PROFILES_DIR": str(project),
        "DO_NOT_TRACK": "1",
        **{f"OPENLINEAGE__TRANSPORT__{key}": value for key, value in transport.items()},
        **variables,
    }
    subprocess.run([str(DBT_BIN / "dbt-ol"), *arguments], cwd=project, env=environment, check=True)


def _read(events: Path) -> list[dict[str, dict[str, str]]]:
    return [json.loads(line) for line in events.read_text("utf-8").splitlines()]


def _write(target: Path, text: str, project: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text.replace(str(project), PLACE), "utf-8")


if __name__ == "__main__":
    main()
