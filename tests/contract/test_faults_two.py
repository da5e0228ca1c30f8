"""Two servers on one store: each answers from the writes of both, in any interleaving, also when one of them is killed."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import httpx

from tests.contract.producing import at
from tests.contract.serving import PATIENCE_S, Api, Json, Names, Process, asset, edge, retract

ROUNDS = 40
T = TypeVar("T")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Writer:
    """Writes through one server and reads each write back through the other; failed writes are repeated."""

    def __init__(self, own: str, other: str, names: Names, number: int) -> None:
        self.own, self.other = Api(own), Api(other)
        self.names = names
        self.number = number
        self.failure: BaseException | None = None
        self.watermarks: list[int] = []
        self.resent = 0

    def run(self) -> None:
        try:
            for step in range(ROUNDS):
                self._step(step)
        except BaseException as error:  # noqa: BLE001 - the test fails with it, in its own thread
            self.failure = error

    def _step(self, step: int) -> None:
        mine = self.names.dataset(f"w{self.number}-{step}")
        shared = self.names.dataset(f"shared-{step % 5}")
        lines = [
            edge(mine, "derives", shared, at(step)),
            asset(shared, at(step + self.number / 10), name=f"{self.number}/{step}"),
            edge(self.names.dataset(f"w{self.number}-{step - 1}"), "derives", mine, at(step)),
        ]
        if step % 7 == 6:
            lines.append(retract(mine, "derives", shared, at=at(step + 1)))
        watermark = self._persist(lambda: self.own.taken(*lines)["watermark"])
        self.watermarks.append(watermark)
        wanted = {(mine, "derives", shared)} if step % 7 != 6 else set()
        found = self._persist(lambda: self._edges_of(mine, watermark))
        assert (found & {(mine, "derives", shared)}) == wanted

    def _edges_of(self, uri: str, watermark: int) -> set[tuple[str, str, str]]:
        answer: Json = self.other.ask("lineage", uri=uri, at_least=watermark)
        assert answer["watermark"] >= watermark
        return {(each["source"], each["relation"], each["target"]) for each in answer["edges"]}

    def _persist(self, call: Callable[[], T]) -> T:
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                return call()
            except httpx.TransportError:
                self.resent += 1
                assert time.monotonic() < until
                time.sleep(0.05)


def test_two_servers_write_and_read_while_one_is_killed(start: Callable[..., Process], store_url: str, tmp_path: Path) -> None:
    rng, names, ports = random.Random(7), Names("two-servers"), [free_port(), free_port()]
    servers = [start("--store", store_url, "--data", str(tmp_path / str(n)), port=ports[n]) for n in range(2)]
    writers = [Writer(servers[n].url, servers[1 - n].url, names, n) for n in range(2)]
    threads = [threading.Thread(target=writer.run, daemon=True) for writer in writers]
    for thread in threads:
        thread.start()
    for victim in (0, 1, 0):
        seen = len(writers[victim].watermarks)
        while len(writers[victim].watermarks) < seen + 5 and threads[victim].is_alive():
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 0.05))
        servers[victim].kill()
        servers[victim] = start("--store", store_url, "--data", str(tmp_path / str(victim)), port=ports[victim])
    for thread in threads:
        thread.join(2 * PATIENCE_S)
    assert [writer.failure for writer in writers] == [None, None]
    assert sum(writer.resent for writer in writers) >= 1  # some requests were interrupted by kills
    apis = [Api(server.url) for server in servers]
    for api in apis:
        api.written = max(mark for writer in writers for mark in writer.watermarks)
    first, second = (api.export() for api in apis)
    assert first == second
    uris = [names.dataset(f"shared-{n}") for n in range(5)] + [names.dataset(f"w{n}-{ROUNDS // 2}") for n in range(2)]
    for uri in uris:
        for call, query in (("lineage", {"direction": "both"}), ("impact", {}), ("asset", {})):
            answers = [api.ask(call, uri=uri, as_of=at(ROUNDS * 2), **query) for api in apis]
            assert answers[0] == answers[1]
    assert len(first.splitlines()) > 4 * ROUNDS
    for api in (*apis, *(each for writer in writers for each in (writer.own, writer.other))):
        api.close()
