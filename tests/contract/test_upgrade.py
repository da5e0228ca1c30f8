"""Upgrades: a data directory of the previous tagged version gives the same answers; a newer one is refused untouched."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from mlgraph.stores.embedded.server import EmbeddedPostgres
from mlgraph.stores.postgres import migrate
from tests.contract.corpora import events_to_send, in_parts, lines_to_send
from tests.contract.producing import at
from tests.contract.serving import PATIENCE_S, Api, Json, Names, Process, asset, edge, retract
from tests.contract.test_backup import done
from tests.contract.test_faults import run_up
from tests.contract.test_secrets import unpacked

Start = Callable[..., Process]

ROOT: Final = Path(__file__).resolve().parents[2]
PREVIOUS: Final = "1aac22972f0c8da5aa04b9c681ba41fc647d79ae"
"""The commit of v0.1.0; clones have the history, but not always the tags."""
_OLD_SCHEMA: Final = 1
SECRET: Final = "Tr0ub4dor-9x"  # noqa: S105 - planted by this test
RUN: Final = "from mlgraph.cli.main import app; app()"


@pytest.fixture(scope="module")
def previous(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources of the previous version, from its commit."""
    folder = tmp_path_factory.mktemp("previous")
    with (folder / "sources.tar").open("wb") as target:
        taken = subprocess.run(
            ["git", "-C", str(ROOT), "archive", PREVIOUS, "src"],  # noqa: S607 - git is a prerequisite (README)
            stdout=target,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert taken.returncode == 0, f"the history up to {PREVIOUS} is needed, fetch it with `git fetch --unshallow`: {taken.stderr}"
    with tarfile.open(folder / "sources.tar") as archive:
        archive.extractall(folder, filter="data")
    return folder / "src"


def estate(names: Names) -> list[Json]:
    """Facts about assets without events: a model, its versions, their deployments over time, and owners."""
    service, model = names.of("service", "feed"), names.of("model", "ranker")
    team, train = names.of("team", "ranking"), names.workflow("train")
    lines = [
        asset(model, at(1), description="ranks"),
        edge(model, "owned_by", team, at(2)),
        edge(service, "owned_by", team, at(2)),
    ]
    for number in (1, 2):
        version, deployment = names.of("model_version", f"ranker/{number}"), names.of("deployment", f"feed-{number}")
        lines += [
            edge(names.dataset(f"t{number}"), "input_to", train, at(number)),
            edge(train, "outputs", version, at(number)),
            edge(version, "version_of", model, at(2)),
            edge(version, "deployed_as", deployment, at(2 * number)),
            edge(deployment, "serves", service, at(2 * number)),
        ]
    return [*lines, retract(names.of("deployment", "feed-1"), "serves", service, at=at(4))]


def secretive(names: Names) -> tuple[list[Json], Json]:
    """Facts and an event with secrets that the previous version stored."""
    table, job = names.dataset("secretive"), "secretive"
    lines = [
        asset(table, at(1), description=f"password={SECRET}", tags=[f"token:{SECRET}"], properties={"a": [f"api_key={SECRET}"]}),
        edge(
            table,
            "derives",
            names.dataset("secretive-copy"),
            at(1),
            properties={"args": ["--password", SECRET], "password": SECRET},
        ),
    ]
    facet = {"configs": [f"database.password={SECRET}"], "_producer": "https://p", "_schemaURL": "https://s"}
    event = {
        "eventTime": at(1),
        "eventType": "COMPLETE",
        "producer": "https://p",
        "run": {"runId": "0190a000-0000-7000-8000-000000000061", "facets": {"debezium": facet}},
        "job": {"namespace": names.space, "name": job},
        "inputs": [],
        "outputs": [],
    }
    return lines, event


def redacted(export: bytes) -> bytes:
    """What a redaction leaves of the export."""
    assert SECRET.encode() in export
    return export.replace(SECRET.encode(), b"[redacted]")


def queries(names: Names) -> Iterator[tuple[str, dict[str, str]]]:
    """Calls and their parameters, for some assets of every kind."""
    uris = [
        *(names.dataset(name) for name in ("t1", "t7", "t30", "t49")),
        names.workflow("j3"),
        names.run("r1"),
        names.run("r149"),
        names.of("model", "ranker"),
        names.of("model_version", "ranker/1"),
        names.of("service", "feed"),
    ]
    for uri in uris:
        yield "asset", {"uri": uri}
        for way in ("downstream", "upstream", "both"):
            for level in ("asset", "run"):
                yield "lineage", {"uri": uri, "direction": way, "level": level}
        for change in ("schema", "values", "retire"):
            yield "impact", {"uri": uri, "change": change}
    yield "live", {}
    yield "paths", {"source": names.dataset("t1"), "target": names.of("service", "feed")}


def answers_of(api: Api, names: Names) -> dict[str, Json]:
    """The answers to all queries, at present and as of moments in the past."""
    until = time.monotonic() + PATIENCE_S
    while api.get("live").status_code == 503:
        assert time.monotonic() < until, "the graph does not reach the last write"
    found: dict[str, Json] = {}
    for moment in (at(3), at(1000), None):
        for call, query in queries(names):
            answer = api.ask(call, **query, **({} if moment is None else {"as_of": moment}))
            if moment is None:
                del answer["as_of"]  # the present, which differs before and after the upgrade
            found[f"{call} {query} {moment}"] = answer
    found["diff"] = api.ask("diff", **{"from": at(2), "to": at(900)})
    found["why"] = api.ask("why", source=names.dataset("t1"), relation="derives", target=names.dataset("t7"), as_of=at(1000))
    found["letters"] = api.ask("dead-letters")
    return found


def depends_on_runs(query: str) -> bool:
    """Whether an answer has edges that are computed from runs, by other rules than in 0.1: they are compared with an import."""
    return query.startswith(("lineage", "impact", "paths", "diff")) and "'level': 'run'" not in query


def reported(query: str, answer: Json) -> Json:
    """Return what sources reported in an answer: of an asset, all but its relations and owners, which edges name too."""
    return {
        key: item for key, item in answer.items() if not (query.startswith("asset") and key.startswith(("relations", "owners")))
    }


def found_in(answer: Json) -> Json:
    """Return the assets and edges in an answer."""
    return {key: answer[key] for key in ("nodes", "edges", "affected", "path", "total") if key in answer}


def preserved(old: Any, new: Any) -> bool:
    """Whether `new` has all fields and values of `old`; a later version may add fields.

    Of several equally short paths versions before 0.3 choose any, so only length and ends of a path are compared.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        return all(
            key in new and (same_length(value, new[key]) if key == "path" else preserved(value, new[key]))
            for key, value in old.items()
        )
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(preserved, old, new))
    return bool(old == new)


def same_length(old: list[str], new: list[str]) -> bool:
    return (len(old), old[:1], old[-1:]) == (len(new), new[:1], new[-1:])


@pytest.mark.slow
def test_a_directory_of_the_previous_version_answers_as_before(start: Start, previous: Path, tmp_path: Path) -> None:
    names, data = Names("upgrade"), tmp_path / "data"
    old = start("--data", str(data), program=[sys.executable, "-c", RUN], environment={"PYTHONPATH": str(previous)})
    api = Api(old.url)
    assert api.get("backup").status_code == 404, "the code of the previous version runs, which had no such call"
    for part in in_parts([*lines_to_send(names), *estate(names)], 500):
        api.taken(*part)
    for part in in_parts(events_to_send(names), 100):
        api.events(part)
    lines, event = secretive(names)
    api.taken(*lines)
    api.events([event])
    answers, export, written = answers_of(api, names), redacted(api.export()), api.written
    api.close()
    assert old.stop() == 0
    with EmbeddedPostgres(data) as postgres, psycopg.connect(postgres.url) as connection:
        assert migrate.schema_number(connection.cursor()) == _OLD_SCHEMA
    untouched = tmp_path / "untouched"
    shutil.copytree(data, untouched)

    process = start("--data", str(data))
    api = Api(process.url)
    api.written = written
    assert api.export() == export
    assert "secrets that earlier versions stored were redacted in 4 rows (content 3, event 1)" in "".join(process.output)
    assert SECRET.encode() not in unpacked(api.http.get("/api/v1/backup").content)
    now = answers_of(api, names)
    same = {query: (reported(query, answer), now[query]) for query, answer in answers.items() if not depends_on_runs(query)}
    assert {query: pair for query, pair in same.items() if not preserved(*pair)} == {}
    fresh = Api(start("--data", str(tmp_path / "fresh")).url)
    for part in in_parts([json.loads(line) for line in export.splitlines()], 5_000):
        fresh.taken(*part)
    again = answers_of(fresh, names)
    fresh.close()
    assert {
        query for query, answer in now.items() if depends_on_runs(query) and found_in(answer) != found_in(again[query])
    } == set()
    assert len(export.splitlines()) > 3_000
    assert api.events([*events_to_send(names), event])["accepted"] == 0  # events from before the upgrade are duplicates
    assert api.taken(*lines)["accepted"] == 0
    assert api.taken(asset(names.dataset("new"), at(2000)))["watermark"] == written + 1
    api.close()

    file = tmp_path / "old.backup"  # a directory of an older schema is backed up unchanged and migrated by the restore
    done("backup", file, "--data", untouched)
    assert f"migrated from schema {_OLD_SCHEMA} to {migrate.newest()}" in done("restore", file, "--data", tmp_path / "restored")
    api = Api(start("--data", str(tmp_path / "restored")).url)
    api.written = written
    assert api.export() == export
    api.close()


def test_a_directory_of_a_newer_version_is_refused_untouched(start: Start, tmp_path: Path) -> None:
    names, data = Names("newer"), tmp_path / "data"
    process = start("--data", str(data))
    api = Api(process.url)
    api.taken(*lines_to_send(names)[:100])
    export = api.export()
    api.close()
    assert process.stop() == 0
    with EmbeddedPostgres(data) as postgres, psycopg.connect(postgres.url) as connection:
        connection.execute("INSERT INTO migration (number, name) VALUES (999, 'of a later version')")
    status, output = run_up("--data", str(data))
    assert status == 1
    assert "schema 999" in output
    assert "newer mlgraph" in output
    with EmbeddedPostgres(data) as postgres, psycopg.connect(postgres.url) as connection:
        connection.execute("DELETE FROM migration WHERE number = 999")
    version = data / "postgres" / "PG_VERSION"
    ours = version.read_text()
    for other, way in ((int(ours) - 1, "mlgraph restore"), (int(ours) + 1, "newer mlgraph")):
        version.write_text(f"{other}\n")
        status, output = run_up("--data", str(data))
        assert status == 1
        assert f"PostgreSQL {other}" in output
        assert way in output
    version.write_text(ours)
    api = Api(start("--data", str(data)).url)
    assert api.export() == export
    api.close()


def test_the_comparison_finds_lost_fields() -> None:
    assert preserved({"a": [1, {"b": None}]}, {"a": [1, {"b": None, "c": 2}], "d": 3})
    assert preserved({"path": ["a", "b", "c"]}, {"path": ["a", "x", "c"]})
    assert not preserved({"path": ["a", "b", "c"]}, {"path": ["a", "c"]})
    for worse in ({"a": [1]}, {"a": [1, {}]}, {"a": [1, {"b": 0}]}, {}, None):
        assert not preserved({"a": [1, {"b": None}]}, worse)
