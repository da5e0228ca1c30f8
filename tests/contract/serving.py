"""A real `mlgraph up` process on a real PostgreSQL, and a client for tests."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from queue import Empty, Queue
from typing import Any, Final

import httpx

from mlgraph.domain.uri import AssetUri, column_uri
from tests.plugins import clusters

Json = dict[str, Any]
Triple = tuple[str, str, str]
PROGRAM: Final = Path(sys.executable).parent / "mlgraph"
PATIENCE_S: Final = 180.0
"""Time limit of any single step on a busy machine."""
STOP_S: Final = 4.0
_READY: Final = "mlgraph is ready at "


class Process:
    """One `mlgraph up` process, ready when the constructor returns.

    A new data directory gets a copy of the session's cluster, unless `program` is not the installed one.
    """

    def __init__(
        self,
        *arguments: str,
        port: int = 0,
        environment: Mapping[str, str] | None = None,
        program: Sequence[str | Path] = (PROGRAM,),
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._patience_s = patience_s
        if "--data" in arguments and "--store" not in arguments and tuple(program) == (PROGRAM,):
            clusters.prepare(Path(arguments[arguments.index("--data") + 1]))
        clean = {key: value for key, value in os.environ.items() if not key.startswith("MLGRAPH_")}
        self.child = subprocess.Popen(
            [*program, "up", "--port", str(port), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**clean, **(environment or {})},
        )
        self.output: list[str] = []
        self.stop_took_s: float | None = None
        started_at = time.monotonic()
        self._answers: Queue[str] = Queue()
        self._readers = [threading.Thread(target=read, daemon=True) for read in (self._read_out, self._read_err)]
        for reader in self._readers:
            reader.start()
        self.url = self._ready()
        self.start_took_s = time.monotonic() - started_at

    def _read_out(self) -> None:
        assert self.child.stdout is not None
        for line in self.child.stdout:
            self._answers.put(line)
        self._answers.put("")

    def _read_err(self) -> None:
        assert self.child.stderr is not None
        self.output.extend(self.child.stderr)

    def _ready(self) -> str:
        try:
            line = self._answers.get(timeout=self._patience_s)
        except Empty:
            line = ""
        if not line.startswith(_READY):
            self.kill()
            raise AssertionError(f"the server did not start: {line!r} {''.join(self.output)}")
        return line.removeprefix(_READY).strip()

    def kill(self) -> None:
        """End it with SIGKILL."""
        self.child.kill()
        self._ended()

    def stop(self) -> int:
        """End it with SIGTERM; return its exit status."""
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
        signalled_at = time.monotonic()
        try:
            status = self._ended()
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the server did not stop: {''.join(self.output)}") from None
        self.stop_took_s = time.monotonic() - signalled_at
        return status

    def stopped_soon(self) -> bool:
        """Whether it stopped within STOP_S plus the time of its start, which scales with the load: it waited for no client."""
        return self.stop_took_s is not None and self.stop_took_s < STOP_S + self.start_took_s

    def _ended(self) -> int:
        status = self.child.wait(PATIENCE_S)
        for reader in self._readers:
            reader.join(PATIENCE_S)
        for pipe in (self.child.stdout, self.child.stderr):
            if pipe is not None:
                pipe.close()
        return status


class Api:
    """Client of a server; every query waits for the last write of this client (`at_least`)."""

    def __init__(self, url: str, token: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.url = url
        self.http = httpx.Client(base_url=url, timeout=PATIENCE_S, headers=headers, trust_env=False)
        self.written = 0

    def facts(self, lines: Iterable[Json | str | bytes]) -> Json:
        """Send facts; return the ingest result."""
        body = b"\n".join(_bytes(line) for line in lines)
        response = self.http.post("/api/v1/facts", content=body)
        return self._wrote(response, 200)

    def taken(self, *lines: Json | str | bytes) -> Json:
        """Send facts, none of which may be rejected; return the ingest result."""
        answer = self.facts(lines)
        assert answer["rejected"] == []
        return answer

    def event(self, event: Json) -> int:
        """Send one OpenLineage event; return the watermark."""
        answer = self._wrote(self.http.post("/api/v1/lineage", content=json.dumps(event)), 201)
        return int(answer["watermark"])

    def events(self, events: Iterable[Json]) -> Json:
        """Send OpenLineage events as a stream, none of which may be rejected; return the ingest result."""
        body = "\n".join(json.dumps(event) for event in events)
        headers = {"Content-Type": "application/x-ndjson"}
        answer = self._wrote(self.http.post("/api/v1/lineage", content=body, headers=headers), 200)
        assert answer["rejected"] == []
        return answer

    def cloudevents(self, content: Any, media: str = "application/cloudevents+json", **headers: str) -> httpx.Response:
        """Send CloudEvents; return the response unchecked."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        response = self.http.post("/api/v1/events", content=body, headers={"Content-Type": media, **headers})
        if response.status_code == 202:
            self.written = max(self.written, response.json()["watermark"])
        return response

    def _wrote(self, response: httpx.Response, status: int) -> Json:
        assert response.status_code == status, response.text
        answer: Json = response.json()
        self.written = max(self.written, answer["watermark"])
        return answer

    def get(self, call: str, **query: Any) -> httpx.Response:
        """Send a GET request below /api/v1; return the response unchecked."""
        return self.http.get(f"/api/v1/{call}", params={"at_least": self.written, **query})

    def ask(self, call: str, **query: Any) -> Json:
        """Send a GET request below /api/v1, which must succeed; return the answer."""
        response = self.get(call, **query)
        assert response.status_code == 200, response.text
        answer: Json = response.json()
        return answer

    def lineage(self, uri: str, as_of: str | None = None, **query: Any) -> Json:
        """Return the lineage of an asset."""
        return self.ask("lineage", uri=uri, **({"as_of": as_of} if as_of else {}), **query)

    def edges(self, uri: str, as_of: str | None = None, **query: Any) -> set[Triple]:
        """Edges of a lineage answer."""
        return {(e["source"], e["relation"], e["target"]) for e in self.lineage(uri, as_of, **query)["edges"]}

    def reached(self, uri: str, as_of: str | None = None, **query: Any) -> dict[str, tuple[int, str]]:
        """Distance and certainty of each node of a lineage answer."""
        nodes = self.lineage(uri, as_of, **query)["nodes"]
        return {node["uri"]: (node["distance"], node["certainty"]) for node in nodes}

    def export(self) -> bytes:
        """The complete export."""
        response = self.get("export")
        assert response.status_code == 200
        return response.content

    def close(self) -> None:
        """Close the connections."""
        self.http.close()


def wait_until_ready(api: Api) -> None:
    """Wait until /readyz answers 200."""
    until = time.monotonic() + PATIENCE_S
    while api.http.get("/readyz").status_code != 200:
        assert time.monotonic() < until
        time.sleep(0.05)


def _bytes(line: Json | str | bytes) -> bytes:
    if isinstance(line, bytes):
        return line
    return (line if isinstance(line, str) else json.dumps(line)).encode()


class Names:
    """URIs in a namespace of one test's own."""

    def __init__(self, space: str) -> None:
        self.space = space
        self.store = f"s3://{space}"

    def dataset(self, name: str) -> str:
        return str(AssetUri("dataset", self.store, name))

    def column(self, dataset: str, field: str) -> str:
        return str(column_uri(AssetUri("dataset", self.store, dataset), field))

    def workflow(self, name: str = "job") -> str:
        return str(AssetUri("workflow", self.space, name))

    def run(self, name: str) -> str:
        return str(AssetUri("run", self.space, name))

    def of(self, kind: str, name: str) -> str:
        return str(AssetUri(kind, self.space, name))


def asset(uri: str, at: str | None = None, **output: Any) -> Json:
    return {"asset": {"uri": uri, **output, **({"valid_from": at} if at else {})}}


def edge(source: str, relation: str, target: str, at: str | None = None, **output: Any) -> Json:
    return {"edge": {"source": source, "relation": relation, "target": target, **output, **({"valid_from": at} if at else {})}}


def retract(*target: str, at: str | None = None, **output: Any) -> Json:
    keys = ("uri",) if len(target) == 1 else ("source", "relation", "target")
    return {"retract": {**dict(zip(keys, target, strict=True)), **output, **({"valid_to": at} if at else {})}}
