"""The load generator, a process of its own: reads a plan from standard input, writes what it measured to standard output.

`python -m benchmarks.load` is started by the benchmark; a plan is one JSON object: `url`, and either `reads` (each with `name`,
`paths`, `seconds`, and `totals` that answers must have) or `events` (`rate`, `seconds`, `prefix`, `connections`).
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, Final
from urllib.parse import quote, urlencode

import orjson

from benchmarks.wire import Answer, Connection
from mlgraph.domain.timestamps import format_time

PRODUCER: Final = "https://github.com/OpenLineage/OpenLineage/tree/1.40.0/client/python"
SCHEMA: Final = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
JOBS: Final = 500
"""So many jobs take turns: each has run a few times by the end."""
PATIENCE_S: Final = 60.0
"""So long it is tried again where the server asks for it."""
_INTAKE: Final = "/api/v1/lineage"


def reads(url: str, plan: dict[str, Any]) -> list[float]:
    """Ask `paths` in turn, one question after the other, for `seconds`; return how long each took, to its last byte.

    The first round is for warmth and for checking: `totals` are the counts that the answers must have. Raises `ValueError`.
    """
    connection = Connection(url)
    try:
        for path, total in zip(plan["paths"], plan.get("totals") or [None] * len(plan["paths"]), strict=True):
            answer = connection.get(path)
            found = orjson.loads(answer.body)
            if answer.status != 200 or (total is not None and found["total"] != total):
                raise ValueError(f"{path}: {total} were expected, status {answer.status}: {answer.body[:300]!r}")
        taken: list[float] = []
        until = time.perf_counter() + plan["seconds"]
        while time.perf_counter() < until or len(taken) < plan.get("least", 1):
            path = plan["paths"][len(taken) % len(plan["paths"])]
            started_at = time.perf_counter()
            answer = connection.get(path)
            taken.append(time.perf_counter() - started_at)
            if answer.status != 200:
                raise ValueError(f"{path}: status {answer.status}: {answer.body[:300]!r}")
        return taken
    finally:
        connection.close()


class Stream:
    """OpenLineage events at a fixed rate, whether or not the server keeps up (open loop).

    Each is due at a moment of its own, and its time counts from then: one that waits for a slow one before it is late itself, and
    says so. With `ask`, each is asked for at once, and its time ends when an answer shows what it told. Where the server asks to
    try again (503), that is done, and counted; the time goes on.
    """

    def __init__(self, url: str, plan: dict[str, Any]) -> None:
        self._url, self._plan = url, plan
        self._ask: bool = plan.get("ask", True)
        self._due: SimpleQueue[tuple[int, float]] = SimpleQueue()
        self._taken: list[float] = []
        self._posted: list[float] = []
        self._failures: list[str] = []
        self._retried: list[int] = []

    def run(self) -> dict[str, Any]:
        """Send everything; return the seconds that each took until `visible` and until `posted`, and what `failed`."""
        rate, many = self._plan["rate"], int(self._plan["rate"] * self._plan["seconds"])
        workers = [threading.Thread(target=self._work) for _ in range(self._plan["connections"])]
        begin = time.perf_counter() + 0.2
        for number in range(many):
            self._due.put((number, begin + number / rate))
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        seconds = time.perf_counter() - begin
        reported = {"visible": self._taken, "posted": self._posted, "failed": self._failures, "retries": len(self._retried)}
        return {**reported, "seconds": seconds}

    def _work(self) -> None:
        connection = Connection(self._url)
        try:
            while True:
                number, due = self._due.get_nowait()
                if (wait := due - time.perf_counter()) > 0:
                    time.sleep(wait)
                self._send(connection, number, due)
        except Empty:
            return
        except (OSError, ValueError) as error:
            self._failures.append(str(error))
        finally:
            connection.close()

    def _send(self, connection: Connection, number: int, due: float) -> None:
        output = f"live/{self._plan['prefix']}-{number}"
        body = event(self._plan["prefix"], number, output)
        answer = self._answered(lambda: connection.post(_INTAKE, body))
        self._posted.append(time.perf_counter() - due)
        if answer.status != 201:
            self._failures.append(f"event {number}: status {answer.status}: {answer.body[:300]!r}")
            return
        if not self._ask:
            return
        uri = f"mlg://dataset/{quote('s3://live', safe='')}/{quote(output, safe='')}"
        query = {"uri": uri, "direction": "upstream", "at_least": orjson.loads(answer.body)["watermark"]}
        answer = self._answered(lambda: connection.get(f"{_INTAKE}?{urlencode(query)}"))
        self._taken.append(time.perf_counter() - due)
        if answer.status != 200 or source(number).encode() not in answer.body:
            self._failures.append(f"event {number} is not shown: status {answer.status}: {answer.body[:300]!r}")

    def _answered(self, ask: Callable[[], Answer]) -> Answer:
        until = time.monotonic() + PATIENCE_S
        while (answer := ask()).status == 503 and time.monotonic() < until:
            self._retried.append(answer.status)
            time.sleep(0.01)
        return answer


def source(number: int) -> str:
    """Return the name of the dataset that the event of this number reads."""
    return f"source_{number % JOBS}"


def event(prefix: str, number: int, output: str) -> bytes:
    """Return the OpenLineage event of a run of now that reads one dataset and writes a new one."""
    return orjson.dumps(
        {
            "eventType": "COMPLETE",
            "eventTime": format_time(time.time_ns() // 1000),
            "producer": PRODUCER,
            "schemaURL": SCHEMA,
            "run": {"runId": f"{prefix}-{number}"},
            "job": {"namespace": "live", "name": f"{prefix}_{number % JOBS}"},
            "inputs": [{"namespace": "s3://live", "name": source(number)}],
            "outputs": [{"namespace": "s3://live", "name": output}],
        }
    )


def main() -> None:
    """Do what the plan says."""
    plan = orjson.loads(sys.stdin.buffer.read())
    reported: dict[str, Any] = {}
    try:
        for each in plan.get("reads", ()):
            reported[each["name"]] = reads(plan["url"], each)
        if "events" in plan:
            reported["events"] = Stream(plan["url"], plan["events"]).run()
    except (OSError, ValueError) as error:
        sys.stderr.write(f"load generator: {error}\n")
        raise SystemExit(1) from None
    sys.stdout.buffer.write(orjson.dumps(reported))


if __name__ == "__main__":
    main()
