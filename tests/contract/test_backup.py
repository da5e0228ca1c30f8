"""Backup and restore with the real program: exact, during writes, into a server or a directory, complete or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from tests.contract.corpora import events_to_send, in_parts, lines_to_send
from tests.contract.producing import at
from tests.contract.serving import PATIENCE_S, PROGRAM, Api, Json, Names, Process, asset, edge, wait_until_ready

Start = Callable[..., Process]


def mlgraph(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MLGRAPH_")}
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=PATIENCE_S, check=False, env=environment)


def done(*arguments: str | Path) -> str:
    """Run a command that must succeed; return its answer."""
    outcome = mlgraph(*arguments)
    assert outcome.returncode == 0, outcome.stderr
    return outcome.stdout


def answers(api: Api, uris: list[str]) -> list[Json]:
    """Answers to all queries about some assets, as of one moment."""
    moment = {"as_of": at(1000)}
    found = [api.ask("asset", uri=uri, **moment) for uri in uris]
    found += [api.ask("lineage", uri=uri, direction=way, **moment) for uri in uris for way in ("downstream", "upstream")]
    found += [api.ask("impact", uri=uri, **moment) for uri in uris]
    return found


def test_a_restored_server_answers_as_the_first_one_did(start: Start, tmp_path: Path) -> None:
    names = Names("backup")
    first = Api(start("--data", str(tmp_path / "first")).url)
    first.taken(*lines_to_send(names))
    first.events(events_to_send(names))
    connect = {"kind": "mlflow", "url": "http://127.0.0.1:9", "name": "prod"}
    assert first.http.post("/api/v1/sources", json=connect).status_code == 202
    files = [tmp_path / "one.backup", tmp_path / "two.backup"]
    stopping = threading.Event()

    def write() -> None:
        other, number = Api(first.url), 0
        while not stopping.is_set():
            other.taken(edge(names.dataset(f"n{number}"), "derives", names.dataset(f"n{number + 1}"), at(1)))
            number += 1
        other.close()

    writer = threading.Thread(target=write)
    writer.start()
    done("backup", files[0], "--url", first.url)
    stopping.set()
    writer.join()
    exports: list[bytes] = []
    answer: list[Json] = []
    uris = [names.dataset("t1"), names.dataset("t7"), names.workflow("j3"), names.run("r1")]
    for number, file in enumerate(files):
        data = tmp_path / f"server{number}"
        server = start("--data", str(data))
        api = Api(server.url)
        reported = done("restore", file, "--url", server.url)
        assert "restored" in reported
        wait_until_ready(api)
        api.written = int(reported.split("watermark ")[1].split(",")[0])
        exports.append(api.export())
        assert [(each["name"], each["url"]) for each in api.ask("sources")["sources"]] == [("prod", "http://127.0.0.1:9")]
        if number == 0:  # writes during the backup may be in it or not; from here on there are none
            done("backup", files[1], "--url", server.url)
            first.close()
            first, answer = api, answers(api, uris)
            continue
        assert exports[0] == exports[1]
        assert answers(api, uris) == answer
        assert api.taken(asset(names.dataset("later"), at(3)))["watermark"] == api.written
        full = mlgraph("restore", file, "--url", server.url)
        assert (full.returncode, full.stdout) == (1, "")
        assert "not empty" in full.stderr
        before = api.export()
        assert server.stop() == 0
        again = Api(start("--data", str(data)).url)
        assert again.export() == before
        again.close()
        api.close()
    assert len(exports[0].splitlines()) > 3_000
    first.close()


def test_backup_and_restore_of_a_directory_without_a_server(start: Start, tmp_path: Path) -> None:
    names = Names("offline")
    data, file, copy = tmp_path / "data", tmp_path / "all.backup", tmp_path / "copy"
    process = start("--data", str(data))
    api = Api(process.url)
    api.taken(*lines_to_send(names)[:200])
    expected = api.export()
    api.close()
    backup = mlgraph("backup", file, "--data", data)
    assert backup.returncode == 1
    assert str(process.child.pid) in backup.stderr
    assert process.stop() == 0
    done("backup", file, "--data", data)
    done("restore", file, "--data", copy)
    full = mlgraph("restore", file, "--data", copy)
    assert full.returncode == 1
    assert "--replace" in full.stderr
    process = start("--data", str(copy))
    api = Api(process.url)
    assert api.export() == expected
    api.taken(asset(names.dataset("more"), at(5)))
    api.close()
    assert process.stop() == 0
    done("restore", file, "--data", copy, "--replace")
    api = Api(start("--data", str(copy)).url)
    assert api.export() == expected
    api.close()


class Archived(NamedTuple):
    """A backup of a server, and its export."""

    backup: bytes
    export: bytes


@pytest.fixture(scope="module")
def archived(tmp_path_factory: pytest.TempPathFactory) -> Archived:
    """A backup of some thousand facts."""
    process = Process("--data", str(tmp_path_factory.mktemp("archived") / "data"))
    api = Api(process.url)
    for part in in_parts(lines_to_send(Names("archived")), 1000):
        api.taken(*part)
    made = Archived(api.http.get("/api/v1/backup").content, api.export())
    api.close()
    assert process.stop() == 0
    return made


def test_a_damaged_file_is_refused(fresh: Api, archived: Archived, tmp_path: Path) -> None:
    cut = tmp_path / "cut.backup"
    cut.write_bytes(archived.backup[:-50])
    refused = mlgraph("restore", cut, "--url", fresh.url)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "incomplete" in refused.stderr
    assert fresh.export() == b""
    fresh.taken(asset(Names("damaged").dataset("later"), at(3)))


def wait_for_copy(postmaster: int) -> None:
    """Return once a process of this PostgreSQL copies rows into a table: its title tells what it does."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        listed = subprocess.run(["/bin/ps", "-A", "-o", "ppid=,args="], check=True, capture_output=True, text=True).stdout
        children = [line.split(maxsplit=1)[1] for line in listed.splitlines() if line.split(maxsplit=1)[0] == str(postmaster)]
        if any(title.endswith("COPY") for title in children):
            return
        time.sleep(0.02)
    pytest.fail("no process of PostgreSQL copies rows")


@pytest.mark.parametrize("whom", ["server", "postgres"])
def test_a_kill_in_the_middle_of_a_restore_leaves_nothing(start: Start, archived: Archived, tmp_path: Path, whom: str) -> None:
    archive, data = archived.backup, tmp_path / "second"
    second = start("--data", str(data))

    def pieces() -> Iterator[bytes]:
        yield archive[: len(archive) * 9 // 10]
        postmaster = int((data / "postgres" / "postmaster.pid").read_text().splitlines()[0])
        wait_for_copy(postmaster)
        time.sleep(0.5)  # the sent rows are in tables, uncommitted
        os.kill(second.child.pid if whom == "server" else postmaster, signal.SIGKILL)
        yield archive[len(archive) * 9 // 10 :]

    try:
        response = httpx.post(second.url + "/api/v1/restore", content=pieces(), timeout=PATIENCE_S, trust_env=False)
        assert response.status_code == 503
    except httpx.TransportError:
        assert whom == "server"
    if whom == "server":
        second.kill()
        second = start("--data", str(data))
    api = Api(second.url)
    wait_until_ready(api)
    assert api.export() == b""
    assert api.http.post("/api/v1/restore", content=archive).status_code == 200
    api.written = 1
    assert api.export() == archived.export
    api.close()
