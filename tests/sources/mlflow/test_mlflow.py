"""The MLflow source adapter with a double: cursors, credentials, deleted objects. test_mlflow_real.py uses a real server."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from mlgraph.domain.errors import InvalidInput, SourceError
from mlgraph.ports.source_adapter import Access, Gone, SourceAdapter, SourcePage
from mlgraph.sources.http import RetryPolicy
from mlgraph.sources.mlflow.api import ambient_credentials, connect, place
from mlgraph.sources.mlflow.source import MlflowSource
from tests.sources.flaky_server import Answer, flaky_server, respond_with

QUICK = RetryPolicy(attempts=2, timeout_s=2, first_wait_s=0.01, longest_wait_s=0.02)
GONE = respond_with({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no"}, 404)


def run(run_id: str, experiment: str, **info: Any) -> dict[str, Any]:
    reported = {"run_id": run_id, "experiment_id": experiment, "status": "FINISHED", "start_time": 1, "end_time": 2}
    return {"info": {**reported, **info}, "data": {}, "inputs": {}, "outputs": {}}


class SmallMlflow:
    """Two experiments with three runs each, two to a page; two models; three versions."""

    def __init__(self) -> None:
        self.fail_at: str | None = None
        self.aliases = [{"alias": "champion", "version": "1"}]

    def __call__(self, path: str, body: Any) -> Answer:  # noqa: PLR0911 - a script
        parts = urlsplit(path)
        call = parts.path.removeprefix("/api/2.0/mlflow/")
        asked = body or {key: values[0] for key, values in parse_qs(parts.query).items()}
        token = asked.get("page_token", "")
        if self.fail_at == f"{call} {token}".strip():
            return respond_with({}, 500)
        match call:
            case "experiments/search":
                listed = [{"experiment_id": str(n), "name": f"e{n}", "creation_time": 1, "last_update_time": 1} for n in (2, 10)]
                return respond_with({"experiments": listed})
            case "experiments/get":
                return respond_with(
                    {"experiment": {"experiment_id": asked["experiment_id"], "name": f"e{asked['experiment_id']}"}}
                )
            case "runs/search":
                (experiment,) = asked["experiment_ids"] if len(asked["experiment_ids"]) == 1 else ("2",)
                runs = [run(f"r{experiment}-{n}", experiment) for n in range(3)]
                return respond_with({"runs": runs[2:]} if token else {"runs": runs[:2], "next_page_token": "second"})
            case "logged-models/search":
                return respond_with({"models": []})
            case "registered-models/search":
                model = {"name": "m", "creation_timestamp": 1, "last_updated_timestamp": 1, "aliases": self.aliases}
                return respond_with({"registered_models": [model]})
            case "model-versions/search":
                version = {"name": "m", "version": "1", "creation_timestamp": 1, "last_updated_timestamp": 1}
                return respond_with({"model_versions": [version]})
        return GONE


def test_it_implements_the_port() -> None:
    source: SourceAdapter = MlflowSource(Access("http://127.0.0.1:5000/"))
    assert (source.name, source.instance) == ("mlflow", "127.0.0.1:5000")
    source.close()


def ids(pages: list[SourcePage]) -> list[str]:
    found = []
    for page in pages:
        for payload in page.payloads:
            data = payload["data"]
            body = next(data[kind] for kind in ("run", "experiment", "registered_model", "model_version") if kind in data)
            found.append(body.get("info", {}).get("run_id") or f"{body['name']}{body.get('version', '')}")
    return found


def test_everything_is_listed_in_order_page_by_page() -> None:
    with flaky_server(SmallMlflow()) as double:
        source = MlflowSource(Access(double.url, "prod"), retries=QUICK)
        pages = list(source.pages())
        source.close()
    assert ids(pages) == ["e2", "e10", "m", "m1", "r2-0", "r2-1", "r2-2", "r10-0", "r10-1", "r10-2"]
    assert [page.done for page in pages] == [False] * (len(pages) - 1) + [True]
    runs = [page.count for page in pages if page.stage == "run"]
    assert runs == [2, 3, 5, 6]


def test_a_listing_restarts_where_the_cursor_is_one_of_polls() -> None:
    with flaky_server(SmallMlflow()) as double:
        source = MlflowSource(Access(double.url, "prod"), retries=QUICK)
        complete = list(source.pages())
        *_, polled = source.changed_since(complete[-1].cursor)
        assert ids(list(source.pages(polled.cursor))) == ids(complete)
        source.close()


def test_runs_of_a_renamed_experiment_are_reported_again() -> None:
    names = {2: "e2", 10: "e10"}

    def answer(path: str, body: Any) -> Answer:
        if path.endswith("experiments/search"):
            return respond_with(
                {
                    "experiments": [
                        {"experiment_id": str(number), "name": name, "creation_time": 1, "last_update_time": 1}
                        for number, name in names.items()
                    ]
                }
            )
        return SmallMlflow()(path, {**body, "filter": ""} if body else body)

    def reported(pages: list[SourcePage]) -> list[str]:
        return [each for page in pages if len(page.payloads) <= 2 for each in ids([page]) if each.startswith("r10")]

    with flaky_server(answer) as double:
        source = MlflowSource(Access(double.url, "prod"), retries=QUICK, clock=lambda: 1_000_000.0)
        *_, last = source.pages()
        assert reported(list(source.changed_since(last.cursor))) == []
        names[10] = "anew"
        unfinished = source.changed_since(last.cursor)
        assert ids([next(unfinished)]) == ["r10-0", "r10-1"]
        del unfinished
        assert reported(list(source.changed_since(last.cursor))) == ["r10-0", "r10-1", "r10-2"], "until they were taken"
        assert reported(list(source.changed_since(last.cursor))) == []
        source.close()


def test_an_abandoned_run_is_reported_while_it_changes() -> None:
    going = run("r", "2", status="RUNNING", end_time=None)
    now = 1_000_000.0

    def answer(path: str, body: Any) -> Answer:
        return respond_with({"runs": [going]}) if path.endswith("runs/search") else SmallMlflow()(path, body)

    def reported() -> int:
        return sum(page.count for page in source.changed_since({"since": now * 1000}) if page.stage == "run")

    with flaky_server(answer) as double:
        source = MlflowSource(Access(double.url, "prod"), retries=QUICK, clock=lambda: now)
        first = source.changed_since({"since": now * 1000})
        assert [next(first).stage for _ in range(4)] == ["experiment", "registered_model", "model_version", "run"]
        now += 600
        assert reported() == 1, "nobody took it before"
        now += 30
        assert reported() == 1, "it may have been left aside"
        now += 31
        assert reported() == 0
        going["info"]["run_name"] = "another"
        assert reported() == 1
        now -= 3600
        assert reported() == 1, "the clock was set back"
        now += 61
        assert reported() == 0
        source.close()


def test_a_run_that_is_looked_up_costs_two_requests() -> None:
    def answer(path: str, body: Any) -> Answer:
        return respond_with({"run": run("r", "2")}) if "runs/get" in path else SmallMlflow()(path, body)

    with flaky_server(answer) as double:
        source = MlflowSource(Access(double.url, "prod"), retries=QUICK)
        assert isinstance(source.fetch("run", "r"), dict)
        source.close()
        assert [each.path.partition("?")[0].rpartition("mlflow/")[2] for each in double.asked] == ["runs/get", "experiments/get"]


def test_the_listing_resumes_after_any_page() -> None:
    with flaky_server(SmallMlflow()) as double:
        source = MlflowSource(Access(double.url, "prod"), retries=QUICK)
        complete = list(source.pages())
        for position, page in enumerate(complete[:-1]):
            rest = list(source.pages(page.cursor))
            assert ids(rest) == ids(complete[position + 1 :])
            assert [each.count for each in rest] == [each.count for each in complete[position + 1 :]]
        source.close()


def test_an_interrupted_listing_resumes() -> None:
    small = SmallMlflow()
    small.fail_at = "runs/search second"
    with flaky_server(small) as double:
        source = MlflowSource(Access(double.url, "prod"), retries=QUICK)
        seen: list[SourcePage] = []
        with pytest.raises(SourceError, match="HTTP 500"):
            seen.extend(source.pages())
        assert ids(seen) == ["e2", "e10", "m", "m1", "r2-0", "r2-1"]
        small.fail_at = None
        seen.extend(source.pages(seen[-1].cursor))
        source.close()
    assert ids(seen) == ["e2", "e10", "m", "m1", "r2-0", "r2-1", "r2-2", "r10-0", "r10-1", "r10-2"]


def test_an_alias_that_changes_without_a_new_time_is_detected() -> None:
    small = SmallMlflow()
    with flaky_server(small) as double:
        source = MlflowSource(Access(double.url, "prod"), retries=QUICK, clock=lambda: 1_000_000.0)
        *_, last = source.pages()
        *_, last = quiet = list(source.changed_since(last.cursor))
        assert [page.count for page in quiet if page.stage == "registered_model"] == [0]
        small.aliases = [{"alias": "champion", "version": "2"}]
        changed = list(source.changed_since(last.cursor))
        source.close()
    assert [page.count for page in changed if page.stage == "registered_model"] == [1]
    assert changed[-1].done


@pytest.mark.parametrize("kind", ["run", "registered_model", "model_version", "logged_model"])
def test_a_deleted_object_is_gone_with_its_uri(kind: str) -> None:
    with flaky_server(SmallMlflow()) as double:
        source = MlflowSource(Access(double.url, "prod"), retries=QUICK)
        found = source.fetch(kind, "a/1")
        source.close()
    assert isinstance(found, Gone)
    assert str(found.uri).endswith("/mlflow%3Aprod/a%2F1")


def test_a_deleted_run_has_a_payload_and_a_deleted_experiment_has_none() -> None:
    def answer(path: str, body: Any) -> Answer:
        if path.startswith("/api/2.0/mlflow/runs/get"):
            return respond_with({"run": run("r", "1", lifecycle_stage="deleted")})
        if path.startswith("/api/2.0/mlflow/experiments/get"):
            return respond_with({"experiment": {"experiment_id": "1", "name": "e", "lifecycle_stage": "deleted"}})
        return SmallMlflow()(path, body)

    with flaky_server(answer) as double:
        source = MlflowSource(Access(double.url, "prod"), retries=QUICK)
        found = source.fetch("run", "r")
        assert isinstance(found, dict)
        assert found["data"]["run"]["info"]["lifecycle_stage"] == "deleted"
        assert isinstance(source.fetch("experiment", "1"), Gone)
        source.close()


def test_another_kind_is_refused() -> None:
    source = MlflowSource(Access("http://127.0.0.1:1", "prod"))
    with pytest.raises(InvalidInput, match="the kinds are experiment"):
        source.fetch("trace", "t")
    source.close()


def test_another_server_is_recognised() -> None:
    with flaky_server(lambda _path, _body: Answer(404, b"<html>not here</html>")) as double:
        source = MlflowSource(Access(double.url, "prod"), retries=QUICK)
        with pytest.raises(SourceError, match="HTTP 404"):
            next(source.pages())
        source.close()


@pytest.mark.parametrize(
    ("environ", "header"),
    [
        ({"MLFLOW_TRACKING_USERNAME": "u", "MLFLOW_TRACKING_PASSWORD": "p"}, "Basic dTpw"),
        ({"MLFLOW_TRACKING_TOKEN": "t0ken"}, "Bearer t0ken"),
        ({}, None),
    ],
)
def test_credentials_come_from_the_environment_and_stay_out_of_errors(environ: dict[str, str], header: str | None) -> None:
    with flaky_server(lambda _path, _body: respond_with({"message": "who?"}, 401)) as double:
        client = connect(Access(double.url, credentials=ambient_credentials(environ)), QUICK)
        with pytest.raises(SourceError, match=r"password, or its token") as caught:
            client.get("runs/get")
        client.close()
    assert double.asked[0].headers.get("authorization") == header
    assert not any(secret in caught.value.detail for secret in ("Basic", "t0ken", "dTpw"))


@pytest.mark.parametrize("url", ["", "mlflow:5000", "file:///tmp/mlruns", "http://", "http://h:1x", "http://[::1"])
def test_an_invalid_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match=r"not the URL of a server such as http"):
        MlflowSource(Access(url))


def test_the_default_instance_is_host_and_port_without_login() -> None:
    assert place("https://u:p@mlflow.example.org/team/") == "mlflow.example.org/team"


@pytest.mark.parametrize("body", [{"experiments": [{}]}, {"experiments": "none"}, {"experiments": [7]}])
def test_an_answer_that_is_not_of_mlflow_is_reported(body: dict[str, Any]) -> None:
    with flaky_server(lambda _path, _body: respond_with(body)) as double:
        source = MlflowSource(Access(double.url, "prod"), retries=QUICK)
        with pytest.raises(SourceError, match="MLflow's answer has"):
            list(source.inventory())
        source.close()


def test_a_change_is_reported_again_until_its_page_was_taken() -> None:
    small = SmallMlflow()
    with flaky_server(small) as double:
        source = MlflowSource(Access(double.url, "prod"), retries=QUICK, clock=lambda: 1_000_000.0)
        *_, last = source.pages()
        small.aliases = []
        for _ in range(2):
            unfinished = source.changed_since(last.cursor)
            assert [next(unfinished).count for _stage in range(2)][-1] == 1
            del unfinished
        assert sum(page.count for page in source.changed_since(last.cursor) if page.stage == "registered_model") == 1
        assert sum(page.count for page in source.changed_since(last.cursor) if page.stage == "registered_model") == 0
        source.close()
