"""Load generator, a process of its own: reads a plan from standard input, writes its measurements to standard output.

The benchmark starts `python -m benchmarks.load`; a plan is one JSON object: `url`, and either `reads` (each with `name`, `paths`,
`seconds`, and the expected `totals` of answers) or `events` (`rate`, `seconds`, `prefix`, `connections`).
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
"""Number of jobs that report runs in rotation; each has a few runs by the end."""
PATIENCE_S: Final = 60.0
"""Time limit of retries after status 503."""
_INTAKE: Final = "/api/v1/lineage"


def reads(url: str, plan: dict[str, Any]) -> list[float]:
    """Request `paths` in rotation for `seconds`; return the latency (s) of each request, until its last byte.

    A first round warms up and checks the answers against `totals`. Raises `ValueError` for a wrong answer.
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
    """OpenLineage events at a fixed rate, independent of the server's speed (open loop).

    Each event has a due time, and its latency counts from then, so that waiting for a slow predecessor is part of it. With `ask`,
    each event is queried at once, and its latency ends when an answer contains its edge. Requests with status 503 are retried and
    counted; the latency includes the retries.
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
        """Send all events; return their latencies (s) until `visible` and until `posted`, failures, retries and total seconds."""
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
    """Return the name of the input dataset of the event with this number."""
    return f"source_{number % JOBS}"


def event(prefix: str, number: int, output: str) -> bytes:
    """Return the OpenLineage event of a run that completes now, with one input dataset and a new output dataset."""
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
    """Run the plan from standard input."""
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
