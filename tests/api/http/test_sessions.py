"""Sessions of browsers: rights of the token, CSRF, pages of other sites, expiry, revocation, and bounded guesses."""

import hashlib
import time
from http.cookies import Morsel, SimpleCookie
from typing import Any

import pytest
from starlette.testclient import TestClient

from mlgraph.domain import clock
from mlgraph.services.common.identity import Caller
from mlgraph.services.server import browser_sessions
from tests.api.double_answers import LAKE, TOKEN
from tests.api.services_double import Double, app_over

SESSION = "/api/v1/session"
COOKIE = "mlgraph-session-8765"


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def accept(double: Double, **callers: Caller) -> None:
    double.known.__init__({digest(token): caller for token, caller in callers.items()})  # type: ignore[misc]


@pytest.fixture
def served(double: Double) -> TestClient:
    """A server on all addresses, which requires tokens."""
    accept(double, ann=Caller("ann"), dbt=Caller("bot", "dbt", "prod"))
    return TestClient(app_over(double, loopback=False), base_url="http://graph.example:8765", raise_server_exceptions=False)


def sign_in(http: TestClient, who: str = "ann", **headers: str) -> dict[str, Any]:
    answer = http.post(SESSION, json={"token": who}, headers=headers)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def cookie_set(http: TestClient, **headers: str) -> tuple[str, Morsel[str]]:
    cookies = SimpleCookie(http.post(SESSION, json={"token": "ann"}, headers=headers).headers["set-cookie"])
    [(name, cookie)] = cookies.items()
    return name, cookie


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(served: TestClient) -> None:
    name, cookie = cookie_set(served)
    assert name == COOKIE
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "strict"
    assert cookie["path"] == "/"
    assert not cookie["domain"]
    assert cookie["secure"] == ""
    assert 0 < int(cookie["max-age"]) <= browser_sessions.LIFETIME_S
    assert "ann" not in cookie.value
    assert len(cookie.value) >= 43


def test_where_the_page_came_by_https_the_cookie_is_secure(served: TestClient) -> None:
    by_https = TestClient(served.app, base_url="https://graph.example:8765")
    for name, cookie in (cookie_set(served, origin="https://graph.example:8765"), cookie_set(by_https)):
        assert (name, cookie["secure"]) == (f"__Host-{COOKIE}", True)
    assert by_https.get("/api/v1/live").status_code == 200


def test_a_session_has_actor_and_rights_of_its_token(double: Double, served: TestClient) -> None:
    assert served.get("/api/v1/live").status_code == 401
    body = sign_in(served, "dbt")
    assert (body["actor"], body["source"], body["environment"], body["writes_curation"]) == ("bot", "dbt", "prod", False)
    assert served.get("/api/v1/live").status_code == 200
    assert served.post("/api/v1/facts", content=b"", headers={"x-csrf-token": body["csrf_token"]}).status_code == 200
    assert double.calls[-1] == ("facts", {"caller": Caller("bot", "dbt", "prod")})
    assert served.get(SESSION).json() == body | {"by": "session"}


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_what_is_written_by_cookie_needs_the_csrf_token(method: str, double: Double, served: TestClient) -> None:
    path = {"POST": "/api/v1/facts", "PATCH": f"/api/v1/asset?uri={LAKE.replace('%', '%25')}", "DELETE": SESSION}[method]
    token = sign_in(served)["csrf_token"]
    other = sign_in(TestClient(served.app, base_url="http://graph.example:8765"))["csrf_token"]
    for wrong in ({}, {"x-csrf-token": ""}, {"x-csrf-token": other}, {"x-csrf-token": token[:-1]}):
        refused = served.request(method, path, content=b"{}", headers=wrong)
        assert refused.status_code == 403
        assert "X-CSRF-Token" in refused.json()["detail"]
    assert not double.calls
    assert served.request(method, path, content=b"{}", headers={"x-csrf-token": token}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://graph.example:9999"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_pages_of_other_origins_neither_write_nor_sign_in_or_out(
    headers: dict[str, str], double: Double, served: TestClient
) -> None:
    given = {**headers, "x-csrf-token": sign_in(served)["csrf_token"]}
    assert served.post("/api/v1/facts", content=b"", headers=given).status_code == 403
    assert served.post(SESSION, json={"token": "ann"}, headers=given).status_code == 403
    assert served.delete(SESSION, headers=given).status_code == 403
    assert not double.calls
    assert served.get(SESSION).json()["by"] == "session"


def test_a_proxy_that_changes_host_does_not_make_the_portal_another_site(served: TestClient) -> None:
    portal = {"origin": "https://graph.public.example", "sec-fetch-site": "same-origin"}
    token = sign_in(served, **portal)["csrf_token"]
    [(name, value)] = served.cookies.items()  # secure: this client does not send it over http
    headers = {**portal, "x-csrf-token": token, "cookie": f"{name}={value}"}
    assert served.post("/api/v1/facts", content=b"", headers=headers).status_code == 200


def test_after_signing_out_a_copy_of_the_cookie_is_worth_nothing(served: TestClient) -> None:
    body = sign_in(served)
    copy = dict(served.cookies)
    ended = served.delete(SESSION, headers={"x-csrf-token": body["csrf_token"]})
    assert ended.json() == {"ended": True}
    assert f'{COOKIE}=""; HttpOnly; Max-Age=0; Path=/; SameSite=strict' in re_spaced(ended.headers["set-cookie"])
    assert not served.cookies
    refused = TestClient(served.app, base_url="http://graph.example:8765", cookies=copy).get("/api/v1/live")
    assert refused.status_code == 401
    assert "sign in again" in refused.json()["detail"]
    assert served.delete(SESSION).json() == {"ended": False}


def re_spaced(cookie: str) -> str:
    first, *rest = [part.strip() for part in cookie.split(";")]
    return "; ".join([first, *sorted(part for part in rest if not part.startswith("expires"))])


def test_signing_in_again_ends_the_session_before(served: TestClient) -> None:
    sign_in(served)
    copy = dict(served.cookies)
    sign_in(served, "dbt")
    assert served.get(SESSION).json()["actor"] == "bot"
    assert TestClient(served.app, base_url="http://graph.example:8765", cookies=copy).get("/api/v1/live").status_code == 401


def test_a_session_ends_with_its_token_and_with_its_time(
    double: Double, served: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.wall_us()
    accept(double, soon=Caller("soon", expires_us=now + 60_000_000), ann=Caller("ann"))
    body = sign_in(served, "soon")
    assert served.get("/api/v1/live").status_code == 200
    monkeypatch.setattr(clock, "wall_us", lambda: now + 61_000_000)
    assert served.get("/api/v1/live").status_code == 401
    late = {"authorization": "Bearer soon"}
    assert "expired at" in served.get("/api/v1/live", headers=late).json()["detail"]
    assert body["expires_at"] < sign_in(served)["expires_at"]

    accept(double, other=Caller("other"))  # the token is revoked
    assert served.get("/api/v1/live").status_code == 401
    accept(double, ann=Caller("ann"))
    assert served.get("/api/v1/live").status_code == 200
    monkeypatch.setattr(clock, "wall_us", lambda: now + 61_000_000 + browser_sessions.LIFETIME_S * 1_000_000)
    assert served.get("/api/v1/live").status_code == 401


def test_who_is_nobody_learns_that_it_must_sign_in(served: TestClient) -> None:
    answer = served.get(SESSION)
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert (body["actor"], body["by"], body["sign_in"], body["csrf_token"]) == (None, None, "required", None)
    assert served.get(SESSION, headers={"authorization": "Bearer guessed"}).status_code == 401
    by_token = served.get(SESSION, headers={"authorization": "Bearer ann"}).json()
    assert (by_token["actor"], by_token["by"], by_token["csrf_token"]) == ("ann", "token", None)


def test_on_this_machine_signing_in_is_optional_or_impossible(http: TestClient, double: Double) -> None:
    body = http.get(SESSION).json()
    assert (body["actor"], body["by"], body["sign_in"]) == ("local", "local", "optional")
    assert sign_in(http, TOKEN)["actor"] == "ci"
    csrf = http.get(SESSION).json()["csrf_token"]
    accept(double)
    assert http.get("/api/v1/live").status_code == 200  # a cookie of another server, or of yesterday
    assert http.get(SESSION).json()["sign_in"] == "impossible"
    lost = http.post("/api/v1/facts", content=b"", headers={"x-csrf-token": csrf})
    assert lost.status_code == 401  # what was meant to be written as ci is not written as local
    refused = http.post(SESSION, json={"token": TOKEN})
    assert refused.status_code == 409
    assert "no tokens" in refused.json()["detail"]


@pytest.fixture
def minute(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_the_rate_of_guesses_is_bounded(served: TestClient, minute: list[float]) -> None:
    for _ in range(browser_sessions.MAX_ATTEMPTS):
        assert served.post(SESSION, json={"token": "guess"}).status_code == 401
    refused = served.post(SESSION, json={"token": "ann"})
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "61")
    assert not served.cookies
    minute[0] += browser_sessions.ATTEMPTS_S
    assert sign_in(served)["actor"] == "ann"


@pytest.mark.parametrize("body", ["", "{", "[]", "{}", '{"token": 3}', '{"token": ""}', '{"token": null}'])
def test_a_wrong_body_is_refused(body: str, served: TestClient) -> None:
    refused = served.post(SESSION, content=body.encode())
    assert refused.status_code in (400, 422)
    assert refused.headers["content-type"] == "application/problem+json"


def test_a_bearer_token_outranks_a_cookie(double: Double, served: TestClient) -> None:
    sign_in(served)
    assert served.post("/api/v1/facts", content=b"", headers={"authorization": "Bearer dbt"}).status_code == 200
    assert double.calls[-1] == ("facts", {"caller": Caller("bot", "dbt", "prod")})


@pytest.mark.parametrize("value", ["x", "x" * 5000, "../../tokens", "%00", "é"])
def test_a_made_up_cookie_is_no_session(value: str, served: TestClient) -> None:
    answer = served.get("/api/v1/live", headers=[(b"cookie", f"{COOKIE}={value}".encode("latin-1"))])
    assert answer.status_code == 401
