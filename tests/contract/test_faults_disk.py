"""A full disk: the server has a small file system of its own, which the test fills."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import httpx
import pytest

from mlgraph.stores.embedded.server import RESERVE_BYTES
from tests.contract import small_disk
from tests.contract.producing import at
from tests.contract.serving import PATIENCE_S, PROGRAM, Api, Json, Names, Process, asset, edge, wait_until_ready

DISK_BYTES: Final = 512 * 1024 * 1024
BLOCK_BYTES: Final = 64 * 1024


class Disk:
    """The file system of a server, accessed through its process."""

    def __init__(self, process: Process, directory: Path) -> None:
        self._directory = Path(f"/proc/{process.child.pid}/root{directory}")
        self._ballast = self._directory / "ballast"

    def free_bytes(self) -> int:
        found = os.statvfs(self._directory)
        return found.f_bavail * found.f_frsize

    def fill(self, leave_bytes: int) -> None:
        """Fill the file system up to `leave_bytes`."""
        with self._ballast.open("ab", buffering=0) as ballast:
            while (excess := self.free_bytes() - leave_bytes) > 0:
                try:
                    ballast.write(b"\0" * min(BLOCK_BYTES, excess))
                except OSError:
                    return

    def postgres_log(self) -> str:
        """The log of PostgreSQL."""
        return (self._directory / "data" / "postgres.log").read_text()

    def clear(self) -> None:
        """Free the filled space."""
        self._ballast.unlink()


@pytest.fixture
def served(tmp_path: Path) -> tuple[Process, Disk]:
    directory = tmp_path / "disk"
    directory.mkdir()
    launcher = [sys.executable, small_disk.__file__, str(directory), str(DISK_BYTES), str(PROGRAM)]
    process = Process("--data", str(directory / "data"), program=launcher)
    return process, Disk(process, directory)


def post(api: Api, line: Json) -> httpx.Response:
    return api.http.post("/api/v1/facts", json=line)


def full(response: httpx.Response) -> str:
    """The detail of a 503."""
    assert response.status_code == 503, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert int(response.headers["retry-after"]) >= 1
    return str(response.json()["detail"])


def eventually(call: Callable[[], httpx.Response], status: int) -> httpx.Response:
    until = time.monotonic() + PATIENCE_S
    while (response := call()).status_code != status:
        assert time.monotonic() < until, response.text
        time.sleep(0.1)
    return response


def test_with_little_room_left_writes_are_refused_and_queries_answered(served: tuple[Process, Disk]) -> None:
    process, disk = served
    api, names = Api(process.url), Names("little-room")
    a, b, c = (names.dataset(name) for name in "abc")
    api.taken(edge(a, "derives", b, at(1)))
    api.lineage(a)
    disk.fill(RESERVE_BYTES // 2)
    for _ in range(3):
        detail = full(post(api, edge(b, "derives", c, at(2))))
        assert "disk" in detail
        assert "full" in detail
        assert "data" in detail  # which one
    assert "full" in full(api.http.post("/api/v1/lineage", json={"eventTime": at(1), "job": {"namespace": "n", "name": "j"}}))
    assert api.reached(a).keys() == {a, b}
    assert api.http.get("/readyz").status_code == 200
    assert len(api.export().splitlines()) == 1
    disk.clear()
    assert api.taken(edge(b, "derives", c, at(2)))["accepted"] == 1
    assert api.reached(a).keys() == {a, b, c}
    api.close()
    assert process.stop() == 0


class Sender:
    """Sends large bodies, one after the other, until it is stopped."""

    def __init__(self, url: str, names: Names, number: int) -> None:
        self._api = Api(url)
        self._names = names
        self._number = number
        self.taken: list[str] = []
        self.details: set[str] = set()
        self.failure: BaseException | None = None

    def run(self, stopping: threading.Event) -> None:
        try:
            while not stopping.is_set():
                uris = [self._names.dataset(f"{self._number}-{len(self.taken)}-{line}") for line in range(20)]
                lines = [asset(uri, at(1), description=os.urandom(100_000).hex()) for uri in uris]
                response = self._api.http.post("/api/v1/facts", content="\n".join(map(json.dumps, lines)))
                if response.status_code == 200:
                    assert response.json()["accepted"] == len(lines)
                    self.taken += uris
                else:
                    self.details.add(full(response))
        except BaseException as error:  # noqa: BLE001 - the test fails with it, in its own thread
            self.failure = error
        finally:
            self._api.close()


@pytest.mark.slow
def test_a_disk_filled_to_the_last_byte_in_the_middle_of_writes_loses_nothing_acknowledged(served: tuple[Process, Disk]) -> None:
    process, disk = served
    api, names = Api(process.url), Names("full")
    taken: list[str] = []
    for round_ in range(3):
        senders = [Sender(process.url, names, 10 * round_ + number) for number in range(2)]
        stopping = threading.Event()
        threads = [threading.Thread(target=sender.run, args=(stopping,), daemon=True) for sender in senders]
        for thread in threads:
            thread.start()
        while not all(sender.taken for sender in senders) and all(thread.is_alive() for thread in threads):
            time.sleep(0.02)
        disk.fill(0)  # while PostgreSQL writes an append that passed the space check
        time.sleep(1.5)
        stopping.set()
        for thread in threads:
            thread.join()
        assert [sender.failure for sender in senders] == [None, None]
        details = {detail for sender in senders for detail in sender.details}
        assert details
        assert all("disk" in detail and "full" in detail for detail in details), details
        disk.clear()
        after = names.dataset(f"after-{round_}")
        response = eventually(lambda uri=after: post(api, asset(uri, at(1))), 200)  # type: ignore[misc]
        api.written = response.json()["watermark"]
        wait_until_ready(api)
        taken += [after, *(uri for sender in senders for uri in sender.taken)]
        exported = {json.loads(line)["asset"]["uri"] for line in api.export().splitlines()}
        assert exported >= set(taken), "an acknowledged fact is lost"
        assert len(exported - set(taken)) % 20 == 0  # requests stored without an acknowledgement are stored completely
    api.close()
    assert "No space left on device" in disk.postgres_log()  # PostgreSQL itself ran out of space
    assert process.stop() == 0
    assert "Traceback" not in "".join(process.output)
