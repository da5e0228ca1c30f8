"""An API server written after the documentation of Kubernetes: lists in chunks, refusals, expired places, absent types."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]

TOKEN: Final = "token-of-the-cluster"  # noqa: S105 - of an imitation
LISTS: Final = {
    "apis/apps/v1": {"deployments": "Deployment", "statefulsets": "StatefulSet"},
    "apis/serving.kserve.io/v1beta1": {"inferenceservices": "InferenceService"},
}


@dataclass
class Cluster:
    """The objects of the cluster, and how it fails."""

    items: list[Json] = field(default_factory=list)
    has_kserve: bool = True
    refused: set[str] = field(default_factory=set)
    """Plural names of types that the token may not list."""
    chunk: int = 500
    """The most objects in one answer, whatever the request asks for."""
    expiring: int = 0
    """The number of continued requests that find their place expired."""
    moves: bool = False
    """Whether a continued list is one of a later moment."""
    lists_nothing: bool = False
    """Whether all lists are empty although objects exist."""
    replaced: tuple[int, Json] | None = None
    """The answer of a proxy to every request."""
    requests: list[str] = field(default_factory=list)
    url: str = ""

    def answer(self, target: str) -> tuple[int, Json | str]:
        """Return status and body."""
        parts = urlsplit(target)
        path = parts.path.strip("/")
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        if self.replaced is not None:
            return self.replaced
        return self._found(path, query)

    def _found(self, path: str, query: dict[str, str]) -> tuple[int, Json | str]:
        if path == "version":
            return 200, {"major": "1", "minor": "34", "gitVersion": "v1.34.1"}
        if path == "apis":
            names = ["apps", *(["serving.kserve.io"] if self.has_kserve else [])]
            return 200, {"kind": "APIGroupList", "apiVersion": "v1", "groups": [{"name": name} for name in names]}
        group, _, rest = path.partition("/v1beta1/") if "/v1beta1/" in path else path.partition("/v1/")
        version = f"{group}/v1beta1" if "/v1beta1/" in path else f"{group}/v1"
        if group.endswith("serving.kserve.io") and not self.has_kserve:
            return 404, "404 page not found\n"
        return self._objects(version, rest.split("/"), query)

    def _objects(self, version: str, words: list[str], query: dict[str, str]) -> tuple[int, Json]:
        plural = words[0] if len(words) == 1 else words[2]
        if plural in self.refused:
            return 403, status(403, "Forbidden", f"{plural} is forbidden: User cannot list resource, token {TOKEN}")
        kind = LISTS[version][plural]
        found = [one for one in self.items if one["kind"] == kind]
        if len(words) == 1:
            return self._list(kind, version.removeprefix("apis/"), [] if self.lists_nothing else found, query)
        named = [one for one in found if [one["metadata"]["namespace"], one["metadata"]["name"]] == [words[1], words[3]]]
        return (200, named[0]) if named else (404, status(404, "NotFound", f'{plural} "{words[3]}" not found'))

    def _list(self, kind: str, version: str, found: list[Json], query: dict[str, str]) -> tuple[int, Json]:
        place = query.get("continue")
        if place is not None and self.expiring:
            self.expiring -= 1
            return 410, status(410, "Expired", "The provided continue parameter is too old to display a consistent list result.")
        start, size = int(place or 0), min(self.chunk, int(query.get("limit", 500)))
        rest = len(found) - start - size
        metadata: Json = {"resourceVersion": "900" if place and self.moves else "800"}
        if rest > 0:
            metadata |= {"continue": str(start + size), "remainingItemCount": rest}
        items = [{key: value for key, value in one.items() if key not in ("kind", "apiVersion")} for one in found]
        return 200, {"kind": f"{kind}List", "apiVersion": version, "metadata": metadata, "items": items[start : start + size]}


def status(code: int, reason: str, message: str) -> Json:
    """Return the object with which the API reports an error."""
    return {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "reason": reason, "code": code}


@contextlib.contextmanager
def serving() -> Iterator[Cluster]:
    """Serve a cluster on a free port of the loopback interface."""
    cluster = Cluster()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            cluster.requests.append(self.path)
            is_known = self.headers.get("authorization") == f"Bearer {TOKEN}"
            code, body = cluster.answer(self.path) if is_known else (401, status(401, "Unauthorized", "Unauthorized"))
            content = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(code)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    cluster.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield cluster
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
