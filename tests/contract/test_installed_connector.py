"""The connector of docs/how-to/write-a-connector.md, installed beside the real program, which has no code for it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.connectors import page
from tests.contract.serving import PROGRAM, Api, Json, Process

Start = Callable[..., Process]
FAULTY: Final = page.source().replace(
    "    report = EventDocument(payload)\n", '    raise RuntimeError("planted")\n    report = EventDocument(payload)\n'
)
LAKE: Final = "mlg://dataset/s3%3A%2F%2Flake/"
DAILY, COPY = f"{LAKE}ratings%2Fdaily", f"{LAKE}ratings%2Fcopy"
RUN, JOB = "mlg://run/toy/r1", "mlg://workflow/toy/nightly"


class Installed:
    """A data directory, served with different sets of installed packages."""

    def __init__(self, start: Start, folder: Path) -> None:
        self._start, self._folder = start, folder
        self._process: Process | None = None
        self._api: Api | None = None
        self._times = 0

    def serve(self, module: str | None, *options: str) -> Api:
        """Start a server with this module installed as the connector (None: not installed)."""
        self.close()
        if self._process is not None:
            assert self._process.stop() == 0
        self._times += 1
        environment = {}
        if module is not None:
            installed = page.install(self._folder / f"packages-{self._times}", module)
            environment["PYTHONPATH"] = self._path(installed)
        self._process = self._start("--data", str(self._folder / "data"), *options, environment=environment)
        self._api = Api(self._process.url)
        return self._api

    def close(self) -> None:
        if self._api is not None:
            self._api.close()

    @staticmethod
    def _path(installed: Path) -> str:
        return os.pathsep.join((str(installed), *filter(None, [os.environ.get("PYTHONPATH")])))


@pytest.fixture
def installed(start: Start, tmp_path: Path) -> Iterator[Installed]:
    found = Installed(start, tmp_path)
    yield found
    found.close()


def command(api: Api, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    words = [str(PROGRAM), *arguments, "--url", api.url]
    return subprocess.run(words, input=stdin, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "200"})


def reported(run: str, **changes: Any) -> Json:
    return {**page.report(), "run": run, **changes}


def post(api: Api, body: Any, media: str = "application/json", form: str = "toy") -> Any:
    text = body if isinstance(body, str) else json.dumps(body)
    response = api.http.post(f"/api/v1/ingest/{form}", content=text, headers={"Content-Type": media})
    answer = response.json()
    api.written = max(api.written, answer.get("watermark", 0))
    return response.status_code, answer


def test_an_installed_connector_is_a_format_everywhere(installed: Installed) -> None:
    api = installed.serve(page.source())
    listed = {each["name"]: each for each in api.ask("connectors")["connectors"]}
    assert listed.keys() == {"openlineage", "mlflow", "feast", "unleash", "dbt", "kubernetes", "airflow", "toy"}
    assert (listed["toy"]["accepts_events"], listed["toy"]["connects"]) == (True, False)

    # POST: one event, a repetition, a rejected one, and many
    status, answer = post(api, page.report())
    assert (status, list(answer)) == (201, ["watermark", "warnings", "warnings_total"])
    assert post(api, page.report()) == (201, answer)
    assert {(DAILY, "input_to", JOB), (JOB, "outputs", COPY)} <= api.edges(DAILY)
    status, refused = post(api, reported("r9", at="yesterday"))
    assert (status, refused["pointer"]) == (422, "/at")
    sent = reported("r2"), reported("r3", reads=["nowhere", 3]), reported("r2"), reported("r9", at="yesterday")
    lines = "\n".join(json.dumps(each) for each in sent)
    status, answer = post(api, lines, "application/x-ndjson")
    assert status == 200
    assert (answer["accepted"], answer["duplicates"]) == (2, 1)
    assert [(each["index"], each["pointer"]) for each in answer["rejected"]] == [(3, "/at")]
    assert [(each["index"], each["pointer"]) for each in answer["warnings"]] == [(1, "/reads/0"), (1, "/reads/1")]
    assert [(each["format"], each["warnings"]) for each in api.ask("sources")["warnings"]] == [("toy", 2)]
    assert 'mlgraph_intake_warnings_total{format="toy",source=""} 2.0' in api.http.get("/metrics").text
    status, refused = post(api, page.report(), form="tony")
    assert status == 422
    assert "did you mean 'toy'? The formats of events are openlineage, dbt, kubernetes, toy" in refused["detail"]
    status, refused = post(api, reported("r" * 9000))
    assert status == 422, "a name that no URI can represent is rejected, as for every format"

    # CloudEvents, selected by type and by media type
    event = {"specversion": "1.0", "source": "/copies", "data": reported("r4")}
    for number, claimed in enumerate(
        ({"type": "org.example.toy.copied"}, {"type": "x", "datacontenttype": "application/vnd.toy+json"})
    ):
        answer = api.cloudevents({**event, "id": str(number), **claimed}).json()
        assert (answer["accepted"], answer["rejected"]) == (1, [])
    unknown = api.cloudevents({**event, "id": "9", "type": "x"}).json()
    assert "org.example.toy.*" in unknown["rejected"][0]["message"]
    assert api.ask("asset", uri="mlg://run/toy/r4")["origins"] == ["toy"]

    # the command line
    done = command(api, "ingest", "-", "--format", "toy", stdin=json.dumps(reported("r5")))
    assert (done.returncode, done.stdout.partition(";")[0]) == (0, "accepted 1, duplicates 0, rejected 0")
    done = command(api, "ingest", "-", "--format", "tony", stdin="{}")
    assert done.returncode == 2
    assert "facts, cloudevents, openlineage, dbt, kubernetes, toy" in done.stderr
    done = command(api, "connect", "toy", "http://127.0.0.1:1")
    assert done.returncode == 2
    assert "the kinds of tools are mlflow, feast, unleash" in done.stderr
    assert "copy report" in command(api, "connectors").stdout


def test_a_dead_letter_is_replayed_by_its_connector(installed: Installed) -> None:
    api = installed.serve(FAULTY)
    body = {**page.report(), "password": "hunter2"}
    assert post(api, body)[0] == 201
    (letter,) = api.ask("dead-letters")["dead_letters"]
    assert (letter["format"], letter["event"]) == ("toy", {**body, "password": "[redacted]"})
    answer = api.http.post(f"/api/v1/dead-letters/{letter['id']}/replay")
    assert (answer.status_code, "planted" in answer.json()["detail"]) == (422, True)

    api = installed.serve(None)
    answer = api.http.post(f"/api/v1/dead-letters/{letter['id']}/replay")
    assert answer.status_code == 409
    assert "the connector 'toy' is not registered" in answer.json()["detail"]
    (left,) = api.ask("dead-letters")["dead_letters"]
    assert (left["format"], left["attempts"]) == ("toy", 3)
    assert post(api, page.report())[0] == 422

    api = installed.serve(page.source())
    answer = api.http.post(f"/api/v1/dead-letters/{letter['id']}/replay").json()
    assert answer["replayed"]
    api.written = answer["watermark"]
    assert api.ask("dead-letters")["total"] == 0
    assert (RUN, "outputs", COPY) in api.edges(RUN, level="run", direction="both")


def test_a_mention_in_passing_does_not_undo_a_rename_and_workers_agree(installed: Installed) -> None:
    old, new = f"{LAKE}ratings%2Fold", f"{LAKE}ratings%2Fnew"

    def names(api: Api) -> set[str]:
        return {api.ask("asset", uri=old)["uri"] for _ in range(8)}

    dataset = {"namespace": "s3://lake", "name": "ratings/new"}
    renamed = {"lifecycleStateChange": "RENAME", "previousIdentifier": {"namespace": "s3://lake", "name": "ratings/old"}}
    event = {"eventTime": "2026-11-02T00:00:00Z", "dataset": {**dataset, "facets": {"lifecycleStateChange": renamed}}}
    api = installed.serve(page.source(), "--workers", "2")
    api.event(event)
    post(api, reported("r2", at="2026-11-03T00:00:00Z", reads=["s3://lake/ratings/old"], writes=[]))
    assert names(api) == {new}

    # with a connector whose mentions are assertions, the same facts make the old name an asset of its own again
    api = installed.serve(page.source().replace("mentions_in_passing=True", "mentions_in_passing=False"))
    assert names(api) == {old}
