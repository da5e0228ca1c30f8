"""What a browser makes of answers: no page from what callers or sources sent, no inline script."""

import socket
from html.parser import HTMLParser
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from tests.api.services_double import Double, app_over
from tests.api.serving import serving

MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>"
PAGES = ("/", "/docs")


class Scripts(HTMLParser):
    """Collects what would run as script: elements with a text, attributes of events, addresses that are programs."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "script"
        self.found += [f"{tag} {name}" for name, _ in attrs if name.startswith("on")]
        self.found += [f"{tag} {name}" for name, value in attrs if (value or "").strip().lower().startswith("javascript:")]

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "script"

    def handle_data(self, data: str) -> None:
        if self._inside and data.strip():
            self.found.append(data)


def inline_scripts(page: str) -> list[str]:
    scripts = Scripts()
    scripts.feed(page)
    return scripts.found


@pytest.mark.parametrize("page", ["<script>x()</script>", "<a onclick='x()'>", "<a href=' JavaScript:x()'>"])
def test_an_inline_script_would_be_found(page: str) -> None:
    assert inline_scripts(page)


@pytest.mark.parametrize("path", PAGES)
def test_pages_have_no_inline_script_and_allow_none(path: str, http: TestClient) -> None:
    answer = http.get(path, headers={"accept": "text/html"})
    assert answer.headers["x-content-type-options"] == "nosniff"
    if not answer.headers["content-type"].startswith("text/html"):
        assert answer.status_code == 404
        return
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src" in policy
    assert "frame-ancestors 'none'" in policy
    assert inline_scripts(answer.text) == []


@pytest.mark.parametrize(
    "path",
    [
        f"/{quote(MARKUP)}",
        f"/{MARKUP}",
        f"/api/v1/{quote(MARKUP)}",
        f"/api/v1/asset?uri={quote(MARKUP)}",
        f"/api/v1/lineage?uri={quote(MARKUP)}&kind={quote(MARKUP)}",
        f"/api/v1/live?{quote(MARKUP)}=1",
        f"/api/v1/stream?topics={quote(MARKUP)}",
        "/api/v1/live",
        "/healthz",
        "/openapi.json",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS"])
def test_no_answer_is_a_page_of_what_was_sent(method: str, path: str, http: TestClient) -> None:
    answer = http.request(method, path, headers={"accept": "text/html", "x-request-id": MARKUP, "origin": "http://localhost"})
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-type"] in ("application/problem+json", "application/json")
    assert MARKUP not in answer.headers["x-request-id"]
    assert "access-control-allow-origin" not in answer.headers


def test_an_unexpected_error_is_no_page() -> None:
    broken = TestClient(
        app_over(Double(failure=RuntimeError(MARKUP))), base_url="http://localhost", raise_server_exceptions=False
    )
    answer = broken.get("/api/v1/live")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert MARKUP not in answer.text


def test_a_refusal_of_what_is_no_http_is_no_page(double: Double) -> None:
    with serving(double) as port, socket.create_connection(("127.0.0.1", port), 60) as sent:
        sent.sendall(f"GET {MARKUP} HTP\r\n\r\n".encode())
        answer = b"".join(iter(lambda: sent.recv(65536), b"")).lower()
    assert b"x-content-type-options: nosniff" in answer
    assert b"content-type: application/problem+json" in answer
    assert MARKUP.encode() not in answer
