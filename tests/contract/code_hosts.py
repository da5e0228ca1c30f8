"""The APIs of GitHub and GitLab for comments, as far as the example workflows need them, by recorded answers.

The answers have the members that the documentation of both shows for these calls (GitHub REST 2022-11-28: list issue comments,
create a comment, list pull requests, create a commit status; GitLab 18: notes of a merge request); their ids and texts are set by
the test. There is no network here: a real GitHub or GitLab cannot run in a test.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

BOT_NAME: Final = "github-actions[bot]"
BOT: Final = {
    "login": BOT_NAME,
    "id": 41898282,
    "node_id": "MDM6Qm90NDE4OTgyODI=",
    "type": "Bot",
    "site_admin": False,
}
USER: Final = {"id": 7, "username": "project_1_bot", "name": "mlgraph", "state": "active", "bot": True}


class CodeHost:
    """The stored comments, and what was sent: (method, path, body)."""

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = []
        self.pulls: list[dict[str, Any]] = []
        self.sent: list[tuple[str, str, Any]] = []
        self.page_size = 2
        self.tokens: set[str] = set()
        self.url = ""

    def comment(self, body: str, login: str) -> None:
        """Add a comment that a person or bot wrote before."""
        number = 100 + len(self.comments)
        user = {**BOT, "login": login, "type": "Bot" if login.endswith("[bot]") else "User"}
        self.comments.append(
            {"id": number, "body": body, "user": user, "author": {**USER, "id": 7 if login.endswith("[bot]") else 8}}
        )

    def pull(self, number: int, sha: str, base: str) -> None:
        """Add an open pull request."""
        self.pulls.append(
            {"number": number, "state": "open", "head": {"sha": sha, "ref": "pr"}, "base": {"ref": base, "sha": "0" * 40}}
        )

    def bodies(self) -> list[str]:
        """The texts of all comments."""
        return [each["body"] for each in self.comments]

    def answer(self, method: str, target: str, body: Any) -> tuple[int, Any, dict[str, str]]:
        """Return status, JSON and headers of one call."""
        place = urlsplit(target)
        path, query = place.path, {key: values[0] for key, values in parse_qs(place.query).items()}
        if method != "GET":
            self.sent.append((method, path, body))
        page = int(query.get("page", "1"))
        if path == "/user":
            return 200, USER, {}
        if path.endswith("/pulls"):
            return self._page(self.pulls, page, target)
        if re.search(r"/(?:issues/\d+/comments|merge_requests/\d+/notes)$", path) and method == "GET":
            return self._page(self.comments, page, target)
        return self._write(method, path, body)

    def _write(self, method: str, path: str, body: Any) -> tuple[int, Any, dict[str, str]]:
        place, _, last = path.rpartition("/")
        if method == "POST" and place.endswith("/statuses"):
            return 201, {"id": 1, **body}, {}
        if method == "POST" and last in ("comments", "notes"):
            self.comment(body["body"], BOT_NAME)
            return 201, self.comments[-1], {}
        known = next((each for each in self.comments if str(each["id"]) == last), None)
        if known is not None and method in ("PATCH", "PUT"):
            known["body"] = body["body"]
            return 200, known, {}
        if known is not None and method == "DELETE":
            self.comments.remove(known)
            return 204, None, {}
        return 404, {"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"}, {}

    def _page(self, items: list[dict[str, Any]], page: int, target: str) -> tuple[int, Any, dict[str, str]]:
        start = (page - 1) * self.page_size
        following = "" if start + self.page_size >= len(items) else str(page + 1)
        bare = re.sub(r"[?&]page=\d+", "", target)
        separator = "&" if "?" in bare else "?"
        link = f'<{self.url}{bare}{separator}page={following}>; rel="next"' if following else ""
        return 200, items[start : start + self.page_size], {"link": link, "x-next-page": following}


@contextmanager
def served(host: CodeHost) -> Iterator[str]:
    """Serve the API on a free port; yield its URL."""

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            size = int(self.headers.get("content-length") or 0)
            raw = self.rfile.read(size)
            host.tokens.add(self.headers.get("authorization") or self.headers.get("private-token") or "")
            status, body, headers = host.answer(self.command, self.path, json.loads(raw) if raw else None)
            content = b"" if body is None else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {**headers, "content-type": "application/json", "content-length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _any  # noqa: N815 - the names that the base class calls

        def log_message(self, *arguments: object) -> None:
            """Write nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    host.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield host.url
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
