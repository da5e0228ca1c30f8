"""The portal's document and files: every page path, headers, a build that is missing or replaced."""

from __future__ import annotations

import gzip
import os
import re
from pathlib import Path
from typing import Final

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from mlgraph.api.http import problems
from mlgraph.api.routes import portal
from tests.api.services_double import Double, app_over

ROOT: Final = Path(__file__).parents[3]
HTML: Final = {"accept": "text/html,*/*"}


@pytest.fixture
def build(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>one</title>")
    (folder / "assets" / "index-1.js").write_text("export {}")
    (folder / "assets" / "index-1.js.gz").write_bytes(gzip.compress(b"export {}"))
    (folder / "LICENSES.txt").write_text("MIT")
    return folder


def client_of(folder: Path) -> TestClient:
    app = FastAPI()
    problems.install(app)
    app.include_router(portal.make_router(folder))
    return TestClient(app, base_url="http://localhost")


def test_every_page_is_the_document(build: Path) -> None:
    http = client_of(build)
    for path in portal.PAGES:
        answer = http.get(path, params={"uri": "mlg://dataset/a/b", "as_of": "x"})
        assert (answer.status_code, answer.text) == (200, "<!doctype html><title>one</title>"), path
        assert answer.headers["cache-control"] == "no-cache"
    assert http.head("/").status_code == 200


def test_the_pages_are_those_of_the_sources() -> None:
    listed = (ROOT / "portal" / "src" / "app" / "page-paths.ts").read_text("utf-8")
    assert re.findall(r"^  '(/[a-z-]*)',$", listed, re.MULTILINE) == list(portal.PAGES)


def test_policy_of_content(build: Path) -> None:
    http = client_of(build)
    for path in ("/", "/assets/index-1.js"):
        headers = http.get(path).headers
        policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
        assert policy == {
            "default-src": "'self'",
            "base-uri": "'none'",
            "form-action": "'self'",
            "frame-ancestors": "'none'",
            "object-src": "'none'",
        }
        assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")


def test_files_stay_in_the_browser_and_come_compressed(build: Path) -> None:
    answer = client_of(build).get("/assets/index-1.js", headers={"accept-encoding": "identity"})
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.text == "export {}"


@pytest.mark.parametrize("name", ["index-2.js", "index-1.js.gz", "..%2Findex.html", "%2e%2e/LICENSES.txt", "../LICENSES.txt", ""])
def test_nothing_else_is_served(build: Path, name: str) -> None:
    answer = client_of(build).get(f"/assets/{name}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_new_build_is_taken_over_while_the_server_runs(build: Path) -> None:
    http = client_of(build)
    assert "one" in http.get("/").text
    (build / "assets" / "index-2.js").write_text("export {}")
    (build / "index.html").write_text("<!doctype html><title>two</title>")
    os.utime(build / "index.html", ns=(1, 1))  # whatever the clock of the file system is
    assert "two" in http.get("/").text
    assert http.get("/assets/index-2.js").status_code == 200


def test_a_missing_build_is_reported_with_the_command(tmp_path: Path) -> None:
    http = client_of(tmp_path / "missing")
    page = http.get("/search", headers=HTML)
    assert page.status_code == 503
    assert "<code>make portal</code>" in page.text
    assert "default-src 'self'" in page.headers["content-security-policy"]
    problem = http.get("/search", headers={"accept": "application/json"})
    assert (problem.status_code, problem.json()["title"]) == (503, "Portal not built")
    assert http.get("/assets/index-1.js").status_code == 404


def test_the_pages_need_no_token_and_have_no_script_of_their_own() -> None:
    http = TestClient(app_over(Double(), loopback=False), base_url="http://graph.example")
    answer = http.get("/", headers=HTML)
    assert answer.status_code == 200, "the portal is built before tests: make portal"
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", answer.text, re.DOTALL)
    assert scripts
    assert all(' src="/assets/' in attributes and not body for attributes, body in scripts)
    assert not re.search(r"<style| style=| on[a-z]+=|https?:|data:", answer.text)
    for path in re.findall(r'(?:src|href)="(/assets/[^"]+)"', answer.text):
        loaded = http.get(path, headers={"accept-encoding": "br"})
        assert (loaded.status_code, loaded.headers["content-encoding"]) == (200, "br"), path
