"""Records what is beside this file again, from a real Airflow: `make record TOOL=airflow`.

`payloads/`: what the adapter reads from the REST API; the facts are what the connector makes of it, to be read before they are
kept. `recorded/events.json`: the OpenLineage events of the same runs, without the facets that the tests do not compare.
What names the machine is replaced.
"""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from mlgraph.connectors.airflow import normalise
from mlgraph.domain.credentials import Credentials
from mlgraph.ports.source_adapter import Access, Payload
from mlgraph.sources.airflow.source import AirflowSource
from tests.connectors.suite import lines_of
from tests.realparts.airflow_installation import DAGS, NAMESPACE, PASSWORD, USER, airflow_installation, version

HERE: Final = Path(__file__).parent
RECORDED_JOB_FACETS: Final = ("jobType", "ownership", "tags")


def main() -> None:
    tool = f"airflow {version()}"
    with tempfile.TemporaryDirectory() as folder, airflow_installation(Path(folder), DAGS) as airflow:
        airflow.trigger("lake")
        airflow.wait_for_runs({"lake", "training"})
        source = AirflowSource(Access(airflow.url, NAMESPACE, Credentials(PASSWORD, USER)))
        found = [payload for page in source.pages() for payload in page.payloads]
        source.close()
        record(tool, found, airflow.events())


def record(tool: str, found: list[Payload], events: list[Any]) -> None:
    """Write the payloads that `named` chooses, and the events."""
    (HERE / "payloads").mkdir(exist_ok=True)
    (HERE / "recorded").mkdir(exist_ok=True)
    for name, payload in named(found):
        document = {"tool": tool, "payload": payload, "facts": lines_of(normalise(payload))}
        (HERE / "payloads" / f"{name}.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")
    text = json.dumps({"tool": tool, "events": [bare(event) for event in events]}, indent=1, ensure_ascii=False)
    (HERE / "recorded" / "events.json").write_text(text + "\n", "utf-8")
    answers = json.dumps({"tool": tool, "payloads": found}, indent=1, ensure_ascii=False)
    (HERE / "recorded" / "payloads.json").write_text(answers + "\n", "utf-8")


def named(found: list[Payload]) -> Iterator[tuple[str, Payload]]:
    """Yield the first payload of each kind of object, and of each case."""
    seen: set[str] = set()
    for payload in found:
        name = _case(payload)
        if name not in seen:
            seen.add(name)
            yield name, payload


def _case(payload: Payload) -> str:
    kind, data = payload["type"].removeprefix("airflow."), payload["data"]
    if kind == "asset":
        return "asset_with_location" if "://" in data["asset"]["uri"] else "asset_without_location"
    if kind == "dag":
        return f"dag_{data['dag']['dag_id']}"
    if kind == "task":
        return f"task_{data['dag_id']}_{data['task']['task_id'].replace('.', '_')}"
    if kind == "dag_run":
        return f"dag_run_{data['run']['run_type']}"
    if kind == "task_run":
        attempt = data["attempt"]
        return f"attempt_{attempt['try_number']}_{attempt['state']}{'_mapped' if attempt['map_index'] >= 0 else ''}"
    return "asset_event_that_triggers" if data["triggered"] else "asset_event"


def bare(event: Any) -> Any:
    """Return an event without the facets that tests do not compare: they name the machine, or are large."""
    run, job = event["run"], event["job"]
    facets = {name: run["facets"][name] for name in ("parent", "nominalTime") if name in run["facets"]}
    job_facets = {name: job["facets"][name] for name in RECORDED_JOB_FACETS if name in job["facets"]}
    return {**event, "run": {**run, "facets": facets}, "job": {**job, "facets": job_facets}}


if __name__ == "__main__":
    main()
