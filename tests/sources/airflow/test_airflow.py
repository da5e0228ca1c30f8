"""The adapter against an imitation of Airflow: pages, tokens, refusals, deletions. A real one is recorded and proved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mlgraph.domain.configuration import RequestLimits
from mlgraph.domain.credentials import Credentials
from mlgraph.domain.errors import InvalidInput, SourceAway, SourceError
from mlgraph.domain.timestamps import parse_time
from mlgraph.domain.uri import AssetUri
from mlgraph.ports.source_adapter import Access, Gone, Payload, SourceAdapter, SourcePage
from mlgraph.sources.airflow.api import ambient_credentials
from mlgraph.sources.airflow.factory import AirflowSources
from mlgraph.sources.airflow.source import AirflowSource
from mlgraph.sources.http import RetryPolicy
from tests.sources.airflow.imitation import Airflow, asset, attempt, dag, run
from tests.sources.flaky_server import Answer, Double, flaky_server, respond_with

QUICK = RetryPolicy(attempts=2, timeout_s=0.3, first_wait_s=0.01, longest_wait_s=0.02)
NOW = parse_time("2026-11-20T03:00:30Z") / 1e6


@pytest.fixture
def airflow() -> Airflow:
    found = Airflow()
    found.dags = {name: dag(name) for name in ("lake", "report", "train.daily")}
    found.tasks = {"lake": ["load", "group.clean"], "train.daily": ["fit"]}
    found.assets = [
        asset("orders", ("lake", "load")),
        asset("clean", ("lake", "group.clean")),
        asset("model", ("train.daily", "fit")),
    ]
    found.runs = [run("lake", number) for number in (1, 2, 3)]
    found.attempts = [attempt("lake", "load", number) for number in (1, 2, 3)]
    return found


@pytest.fixture
def server(airflow: Airflow) -> Iterator[Double]:
    with flaky_server(airflow) as found:
        yield found


@pytest.fixture
def source(server: Double) -> Iterator[AirflowSource]:
    found = opened(server.url)
    yield found
    found.close()


def opened(url: str, credentials: Credentials | None = None) -> AirflowSource:
    access = Access(url, "af", credentials, RequestLimits(requests_per_s=10_000))
    return AirflowSource(access, retries=QUICK, clock=lambda: NOW)


def names(pages: list[SourcePage]) -> list[str]:
    return [_name(payload) for page in pages for payload in page.payloads]


def _name(payload: Payload) -> str:
    data, kind = payload["data"], payload["type"].removeprefix("airflow.")
    if kind in ("asset", "asset_event"):
        return f"{kind} {data[kind.removeprefix('asset_')]['name']}"
    named = {
        "dag": lambda: f"dag {data['dag']['dag_id']}",
        "task": lambda: f"task {data['dag_id']} {data['task']['task_id']}",
        "dag_run": lambda: f"run {data['run']['dag_run_id']}",
        "task_run": lambda: f"attempt {data['attempt']['dag_run_id']} {data['attempt']['try_number']}",
        "refused": lambda: f"refused {data['what']}",
        "deleted": lambda: f"deleted {data['uri']}",
    }
    return named[kind]()


DEFINED = ["dag lake", "task lake load", "task lake group.clean", "dag report", "dag train.daily", "task train.daily fit"]
EVERYTHING = [
    *("asset orders", "asset clean", "asset model"),
    *DEFINED,
    *("run r1", "run r2", "run r3"),
    *("attempt r1 1", "attempt r2 1", "attempt r3 1"),
]


def test_it_implements_the_port(source: AirflowSource) -> None:
    adapter: SourceAdapter = source
    assert (adapter.name, adapter.instance, adapter.identities(), adapter.circuit().name) == ("airflow", "af", {}, "closed")
    with pytest.raises(SourceError, match="no webhooks"):
        adapter.subscribe("http://127.0.0.1/hook", "secret")
    probed = adapter.probe()
    assert (probed.version, dict(probed.counts)) == ("3.3.2", {"DAGs": 3, "assets": 3, "DAG runs": 3, "import errors": 0})


def test_everything_is_read_in_order_and_resumes_after_every_page(source: AirflowSource, server: Double) -> None:
    pages = list(source.pages())
    assert names(pages) == EVERYTHING
    assert [each.done for each in pages] == [False] * (len(pages) - 1) + [True]
    for number, page in enumerate(pages):
        other = opened(server.url)
        rest = list(other.pages(page.cursor))
        other.close()
        assert names(rest) == names(pages[number + 1 :]), page.cursor
        assert rest[-1].done


def test_a_workflow_has_the_assets_that_it_declares(source: AirflowSource) -> None:
    read = {_name(payload): payload for page in source.pages() for payload in page.payloads}
    assert read["task lake load"]["data"]["writes"] == [{"name": "orders", "uri": "s3://lake/orders"}]
    assert read["dag lake"]["data"]["writes"] == []
    fetched = source.fetch("workflow", "lake.load")
    assert isinstance(fetched, dict)
    assert fetched["data"] == read["task lake load"]["data"]


def test_a_single_workflow_is_found_whichever_of_its_ids_has_dots(source: AirflowSource) -> None:
    for name, expected in (
        ("lake", "dag lake"),
        ("lake.group.clean", "task lake group.clean"),
        ("train.daily", "dag train.daily"),
        ("train.daily.fit", "task train.daily fit"),
    ):
        found = source.fetch("workflow", name)
        assert isinstance(found, dict)
        assert _name(found) == expected
    assert source.fetch("workflow", "lake.nope") == Gone("workflow", "lake.nope", AssetUri("workflow", "af", "lake.nope"))
    with pytest.raises(InvalidInput, match="the kind is workflow"):
        source.fetch("run", "r1")


def test_a_poll_has_what_changed_and_ends_what_was_removed(source: AirflowSource, airflow: Airflow) -> None:
    list(source.pages())
    (*_, last) = list(source.changed_since({"since": int(NOW * 1e6)}))
    assert (last.done, last.cursor) == (True, {"since": int(NOW * 1e6)})
    airflow.dags["report"]["is_paused"] = True
    airflow.tasks["lake"] = ["load"]
    del airflow.dags["train.daily"]
    airflow.dags["train.nightly"] = dag("train.nightly")  # a renamed DAG is another one
    airflow.runs.append(run("lake", 20))
    found = [each for each in names(list(source.changed_since(last.cursor))) if not each.startswith("asset")]
    assert found == [
        *("dag report", "dag train.nightly"),
        *(f"deleted mlg://workflow/af/{name}" for name in ("lake.group.clean", "train.daily.fit", "train.daily")),
        "run r20",
    ]
    assert [str(uri) for uri in source.inventory()] == [
        f"mlg://workflow/af/{name}" for name in ("lake", "lake.load", "report", "train.nightly")
    ]


def test_each_attempt_is_read_and_an_event_belongs_to_the_one_that_ran_then(source: AirflowSource, airflow: Airflow) -> None:
    airflow.earlier = [attempt("lake", "load", 3)]
    last = attempt("lake", "load", 3, 2) | {"start_date": "2026-11-03T04:00:00Z", "end_date": "2026-11-03T05:00:00Z"}
    airflow.attempts[-1] = last
    made_by = {"source_dag_id": "lake", "source_task_id": "load", "source_run_id": "r3", "source_map_index": -1}
    started = {"created_dagruns": [{"dag_id": "lake", "run_id": "r2"}, {"dag_id": "lake", "run_id": "purged"}]}
    airflow.events = [
        {"name": "orders", "uri": "s3://lake/orders", "timestamp": "2026-11-03T05:00:01Z", **made_by, **started},
        {"name": "orders", "uri": "s3://lake/orders", "timestamp": "2026-11-03T03:30:00Z", **made_by},
        {"name": "orders", "uri": "s3://lake/orders", "timestamp": "2026-11-04T00:00:00Z", "source_dag_id": None},
    ]
    pages = list(source.pages())
    assert names(pages)[-6:-3] == ["attempt r2 1", "attempt r3 1", "attempt r3 2"]
    events = [payload["data"] for page in pages for payload in page.payloads if payload["type"] == "airflow.asset_event"]
    assert [each["attempt"]["try_number"] if "attempt" in each else None for each in events] == [2, 1, None]
    assert [each["dag_run_id"] for each in events[0]["triggered"]] == ["r2"]
    assert {each["logical_date"] for each in _attempts(pages, "r3")} == {"2026-11-03T03:00:00Z"}


def _attempts(pages: list[SourcePage], run_id: str) -> list[Any]:
    found = [
        payload["data"].get("attempt") for page in pages for payload in page.payloads if payload["type"] == "airflow.task_run"
    ]
    return [each for each in found if each["dag_run_id"] == run_id]


def test_a_cleared_run_is_left_to_events(source: AirflowSource, airflow: Airflow) -> None:
    airflow.log = [
        {"event": "clear_dag_run", "dag_id": "lake", "run_id": "r1", "extra": "{}"},
        {"event": "post_clear_task_instances", "dag_id": "lake", "run_id": None, "extra": '{"dag_run_id": "r2"}'},
        {"event": "clear", "dag_id": "lake", "run_id": None, "extra": "no JSON"},
    ]
    pages = list(source.pages())
    assert [each for each in names(pages) if each.startswith("run")] == ["run r3"]
    assert [each.get("cleared") for name in ("r1", "r2", "r3") for each in _attempts(pages, name)] == [True, True, None]
    airflow.refused["eventLogs"] = (403, "Forbidden")
    other = source.changed_since({"since": parse_time("2026-11-01T00:00:00Z")})
    assert [each for each in names(list(other)) if each.startswith("run")] == ["run r3"]  # what is known stays known


def test_an_import_error_belongs_to_the_dags_of_its_file(source: AirflowSource, airflow: Airflow) -> None:
    airflow.dags["report"] |= {"bundle_name": "main", "relative_fileloc": "report.py"}
    airflow.errors = [{"bundle_name": "main", "filename": "report.py", "stack_trace": "Traceback\n  line\nSyntaxError: x\n"}]
    read = {_name(payload): payload["data"] for page in source.pages() for payload in page.payloads}
    assert read["dag report"]["import_error"] == "SyntaxError: x"
    assert "import_error" not in read["dag lake"]


@pytest.mark.parametrize(
    ("path", "what", "stage"),
    [
        ("assets", "the assets", "asset"),
        ("dags", "the DAGs", "dag"),
        ("dags/~/dagRuns", "the DAG runs", "run"),
        ("dags/~/dagRuns/~/taskInstances", "the attempts at tasks", "attempt"),
        ("assets/events", "the events of assets", "asset_event"),
    ],
)
def test_a_refused_listing_is_reported_and_the_others_are_read(
    source: AirflowSource, airflow: Airflow, path: str, what: str, stage: str
) -> None:
    airflow.refused[path] = (403, "Forbidden")
    pages = list(source.pages())
    hidden = ("dag", "task") if stage == "dag" else (stage,)
    assert [each for each in names(pages) if not each.startswith("refused")] == [
        each for each in EVERYTHING if each.split()[0] not in hidden
    ]
    assert [each for each in names(pages) if each.startswith("refused")] == [f"refused {what}"]
    assert pages[-1].done
    if path == "assets":  # so that no edge of a workflow ends
        assert all("reads" not in payload["data"] for page in pages for payload in page.payloads)
    if path == "dags":
        with pytest.raises(SourceError, match="403"):
            list(source.inventory())


@pytest.mark.parametrize(
    ("version", "message"),
    [
        (None, "there is no API /api/v2, which Airflow 3 has"),
        ({"version": "2.11.0"}, "Airflow has version 2.11.0: version 3 is needed"),
        ({"version": "4.0.0"}, "Airflow has version 4.0.0: version 3 is needed"),
        ({"name": "x"}, "reports no version"),
    ],
)
def test_another_version_is_refused(
    source: AirflowSource, airflow: Airflow, version: dict[str, str] | None, message: str
) -> None:
    airflow.version = version
    for read in (source.probe, lambda: list(source.pages()), lambda: list(source.changed_since(None))):
        with pytest.raises(SourceError, match=message):
            read()


class Guarded:
    """An Airflow that wants tokens, and gives them to one user."""

    def __init__(self, airflow: Airflow) -> None:
        self.airflow, self.given, self.valid, self.answer = airflow, 0, "", 401

    def __call__(self, target: str, body: Any) -> Answer:
        if target == "/auth/token":
            if body != {"username": "ana", "password": "hunter2"}:
                return respond_with({"detail": "Invalid credentials"}, 401)
            self.given += 1
            self.valid = f"token-{self.given}"
            return respond_with({"access_token": self.valid}, 201)
        return self.airflow(target, body)


@pytest.mark.parametrize(("status", "detail"), [(401, "Token Expired"), (403, "Invalid JWT token")])
def test_a_rejected_token_is_renewed_once_and_the_request_repeated(airflow: Airflow, status: int, detail: str) -> None:
    guarded = Guarded(airflow)
    with flaky_server(guarded) as server:
        source = opened(server.url, Credentials("hunter2", "ana"))
        source.probe()
        assert guarded.given == 1
        rejected = [respond_with({"detail": detail}, status)]
        airflow_answer = airflow._answer

        def once(path: str, asked: dict[str, str]) -> Answer:
            return rejected.pop() if rejected else airflow_answer(path, asked)

        airflow._answer = once  # type: ignore[method-assign]
        assert source.probe().version == "3.3.2"
        assert guarded.given == 2
        assert server.asked[-1].headers["authorization"] == "Bearer token-2"
        source.close()


def test_a_missing_permission_renews_no_token(airflow: Airflow) -> None:
    guarded = Guarded(airflow)
    airflow.refused["dags"] = (403, "Forbidden")
    with flaky_server(guarded) as server:
        source = opened(server.url, Credentials("hunter2", "ana"))
        with pytest.raises(SourceError, match="HTTP 403"):
            source.probe()
        assert guarded.given == 1
        source.close()


def test_wrong_credentials_are_refused_and_not_shown(airflow: Airflow) -> None:
    airflow.refused["version"] = (401, "Not authenticated")
    with flaky_server(Guarded(airflow)) as server:
        for credentials in (Credentials("wr0ng", "ana"), Credentials("wr0ng")):
            source = opened(server.url, credentials)
            with pytest.raises(SourceAway, match="credentials are missing, wrong") as caught:
                source.probe()
            assert "wr0ng" not in caught.value.detail
            source.close()


def test_a_slow_airflow_is_an_error_after_the_time_out(source: AirflowSource, airflow: Airflow) -> None:
    airflow.slow_s = 5
    with pytest.raises(SourceError, match=r"no answer within 0\.3 s"):
        source.probe()


def test_an_answer_of_another_server_is_an_error(source: AirflowSource, airflow: Airflow) -> None:
    airflow.dags = {"x": {"name": "no id"}}
    with pytest.raises(SourceError, match="a DAG without an id"):
        list(source.pages())


def test_credentials_of_the_environment() -> None:
    found = ambient_credentials({"AIRFLOW_USERNAME": "ana", "AIRFLOW_PASSWORD": "hunter2", "AIRFLOW_CLI_TOKEN": "t"})
    assert found == Credentials("hunter2", "ana")
    assert ambient_credentials({"AIRFLOW_CLI_TOKEN": "t"}) == Credentials("t")
    assert ambient_credentials({}) is None
    with pytest.raises(InvalidInput, match="AIRFLOW_PASSWORD"):
        ambient_credentials({"AIRFLOW_USERNAME": "ana"})
    assert AirflowSources().open(Access("http://127.0.0.1:8080")).instance == "127.0.0.1:8080"
