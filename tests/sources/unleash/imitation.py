"""An imitation of the parts of Unleash's admin API that the adapter reads, for faults that a real one does not make at will."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from tests.connectors.unleash.flag_payloads import Events, Json

TOKEN: Final = "*:*.token-of-the-imitation"  # noqa: S105 - of an imitation
START: Final = "2026-11-01T10:00:00.000Z"


@dataclass
class Unleash:
    """The state of the imitated server: flags by name with their events, and what it refuses."""

    flags: dict[str, Json] = field(default_factory=dict)
    archived: dict[str, Json] = field(default_factory=dict)
    events: list[Json] = field(default_factory=list)
    applications: list[Json] = field(default_factory=list)
    integrations: list[Json] = field(default_factory=list)
    projects: list[str] = field(default_factory=lambda: ["default"])
    version: str = "7.5.1"
    refused: dict[str, int] = field(default_factory=dict)
    """HTTP status by a part of the path."""
    requests: list[str] = field(default_factory=list)
    url: str = ""

    def add(self, name: str, *, environments: list[Json] | None = None) -> Json:
        """Create a flag with its event."""
        flag = {"name": name, "project": "default", "type": "experiment", "environments": environments or [], "createdAt": START}
        self.flags[name] = flag
        self.happened("feature-created", name, data={"name": name, "type": "experiment", "createdAt": START})
        return flag

    def happened(self, kind: str, name: str, **members: Any) -> Json:
        """Add an event about a flag; its time is that of its number, within one life of the database."""
        events = Events()
        events.listed = [{}] * len(self.events)
        events.name = name
        events.add_event(kind, **members)
        event = {**events.listed[-1], "id": 1 + len(self.events)}
        self.events.append(event)
        return event

    def answer(self, method: str, target: str, body: Json) -> tuple[int, object]:
        """Return status and body."""
        parts = urlsplit(target)
        path = unquote(parts.path.removeprefix("/api/admin/"))
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        for part, status in self.refused.items():
            if part in path:
                return status, {"name": "PermissionError", "message": f"no permission for {part}, token {TOKEN}"}
        if method == "POST":
            self.integrations.append({**body, "id": 1 + len(self.integrations)})
            return 201, self.integrations[-1]
        if method == "PUT":
            number = int(path.rpartition("/")[2])
            self.integrations[number - 1] = {**body, "id": number}
            return 200, self.integrations[number - 1]
        return self._found(path, query)

    def _found(self, path: str, query: dict[str, str]) -> tuple[int, object]:  # noqa: PLR0911 - one for each path
        match path.split("/"):
            case ["ui-config"]:
                return 200, {"version": self.version}
            case ["projects"]:
                return 200, {"projects": [{"id": name} for name in self.projects]}
            case ["projects", _, "features", name]:
                missing = {"name": "NotFoundError", "message": f"There's no feature named {name!r}"}
                return (200, self.flags[name]) if name in self.flags else (404, missing)
            case ["features", _, "tags"]:
                return 200, {"tags": []}
            case ["client-metrics", "features", _, "raw"]:
                return 200, {"data": []}
            case ["addons"]:
                return 200, {"addons": self.integrations}
            case ["metrics", "applications"]:
                return 200, _part(self.applications, query, "applications")
            case ["search", "features"]:
                listed = self.archived if query.get("archived") else self.flags
                return 200, _part([one for name, one in listed.items() if query.get("query", "") in name], query, "features")
            case ["search", "events"]:
                wanted = {"featureName": query.get("feature"), "type": query.get("type")}
                found = [
                    one
                    for one in reversed(self.events)
                    if all(value is None or one[key] == value.removeprefix("IS:") for key, value in wanted.items())
                ]
                return 200, _part(found, query, "events")
        return 404, {"name": "NotFoundError", "message": f"The path you were looking for (/{path}) is not available."}


def _part(items: list[Json], query: dict[str, str], key: str) -> Json:
    offset = int(query.get("offset", 0))
    return {key: items[offset : offset + int(query.get("limit", 50))], "total": len(items)}


@contextlib.contextmanager
def serving() -> Iterator[Unleash]:
    """Serve an imitation on a free port of the loopback interface."""
    unleash = Unleash()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            unleash.requests.append(f"{self.command} {self.path}")
            body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
            refusal = 401, {"name": "UnauthorizedError", "message": "You must log in to use Unleash."}
            is_known = self.headers.get("authorization") == TOKEN
            status, answer = unleash.answer(self.command, self.path, body) if is_known else refusal
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_PUT = do_GET  # noqa: N815 - the names of the base class

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    unleash.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield unleash
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
