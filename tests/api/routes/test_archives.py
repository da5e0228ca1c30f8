"""Backup and restore over HTTP: exact bytes, and only for callers that are not bound to a source."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from mlgraph.domain.errors import Conflict, Forbidden, Unavailable
from mlgraph.ports.archive import RestoreResult
from mlgraph.services.common.identity import Caller
from mlgraph.services.server.archives import Archives
from tests.api.double_answers import RESTORED, TOKEN
from tests.api.services_double import Double, app_over


def test_a_backup_is_streamed_and_not_cached(http: TestClient) -> None:
    answer = http.get("/api/v1/backup")
    assert (answer.status_code, answer.content) == (200, b"part 0;part 1;part 2;")
    assert answer.headers["content-type"] == "application/gzip"
    assert answer.headers["cache-control"] == "no-store"


def test_a_backup_that_cannot_begin_has_a_status(http: TestClient, double: Double) -> None:
    double.failure = Unavailable("the store is away")
    assert http.get("/api/v1/backup").status_code == 503


def test_a_restore_takes_the_bytes_as_they_come(http: TestClient, double: Double) -> None:
    answer = http.post("/api/v1/restore", content=iter([b"part 0;", b"\x00\n" * 10_000_000]))  # over the limit of other bodies
    assert (answer.status_code, answer.json()) == (200, RESTORED)
    assert double.received == [b"part 0;" + b"\x00\n" * 10_000_000]


def test_refusals_are_problems(http: TestClient, double: Double) -> None:
    damaged = http.post("/api/v1/restore", content=b"hello")
    assert (damaged.status_code, damaged.json()["title"]) == (422, "Damaged backup")
    double.failure = Conflict("the store is not empty")
    full = http.post("/api/v1/restore", content=b"part 0;")
    assert (full.status_code, full.json()["title"]) == (409, "Conflict")


def test_callers_from_other_machines_need_a_token(double: Double) -> None:
    http = TestClient(app_over(double, loopback=False))
    assert http.get("/api/v1/backup").status_code == 401
    assert http.post("/api/v1/restore", content=b"part 0;").status_code == 401
    assert double.calls == []
    assert http.get("/api/v1/backup", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200


class Archive:
    def backup(self) -> Iterator[bytes]:
        yield b"all"

    def restore(self, pieces: object) -> RestoreResult:
        assert pieces
        return RestoreResult(2, 2, "2026-11-01T00:00:00Z", "b", "a", 1, {"tx": 1})


def test_a_caller_that_is_bound_to_a_source_may_neither_back_up_nor_restore() -> None:
    restored: list[bool] = []
    archives = Archives(Archive(), lambda: restored.append(True))
    bound, free = Caller("dbt-bot", "dbt"), Caller("platform")
    with pytest.raises(Forbidden, match="'dbt'"):
        archives.backup(bound)
    with pytest.raises(Forbidden, match="'dbt'"):
        archives.restore([b"all"], bound)
    assert restored == []
    assert list(archives.backup(free)) == [b"all"]
    assert archives.restore([b"all"], free)["rows"] == {"tx": 1}
    assert restored == [True]
