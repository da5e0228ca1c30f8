"""The HTTP client: answers, errors, proxies, broken and abandoned streams."""

import gc
import time

import httpx
import pytest

from mlgraph.client import Client, ClientError, ServerNotReachable, WalkOptions
from tests.api.double_answers import LAKE, TOKEN
from tests.api.services_double import Double
from tests.api.serving import serving


def answering(response: httpx.Response) -> Client:
    return Client("http://localhost", transport=httpx.MockTransport(lambda _: response))


def test_an_answer_has_its_bytes_and_their_data(double: Double) -> None:
    with serving(double) as port, Client(f"http://127.0.0.1:{port}/") as client:
        answer = client.lineage(LAKE, WalkOptions(kinds=("run", "service"), certain=False, depth=0))
        assert answer.body.startswith(b'{"root":')
        assert answer.data["root"] == LAKE
        assert double.calls == [("lineage", {"uri": LAKE, "options": WalkOptions(kinds=("run", "service"), depth=0)})]
        with pytest.raises(ClientError) as refused:
            client.openlineage(b"{}")
        assert (refused.value.status, refused.value.pointer) == (422, "/eventTime")
        assert client.sync("mlflow:5000").status == 202


def test_the_token_is_sent(double: Double) -> None:
    with serving(double, loopback=False) as port:
        with Client(f"http://127.0.0.1:{port}", TOKEN) as client:
            assert client.live().data["services"] == []
        with Client(f"http://127.0.0.1:{port}") as client, pytest.raises(ClientError, match="token is needed"):
            client.live()


@pytest.mark.parametrize("body", [b"<html>Bad gateway</html>", b"", b"[1]", b"\xff"])
def test_a_page_of_a_proxy_is_an_error_too(body: bytes) -> None:
    with answering(httpx.Response(502, content=body)) as client, pytest.raises(ClientError) as refused:
        client.live()
    assert refused.value.title == "Bad Gateway"
    assert refused.value.detail
    assert refused.value.body == body


def test_an_export_that_breaks_raises(double: Double) -> None:
    double.export_lines, double.break_export_at = 30_000, 20_000
    with serving(double) as port, Client(f"http://127.0.0.1:{port}") as client, pytest.raises(ServerNotReachable):
        list(client.export())


def test_an_export_that_its_client_abandons_is_closed_at_once(double: Double) -> None:
    """An export occupies a transaction and a connection, which must not depend on the garbage collector."""
    double.export_lines = 10_000_000
    gc.disable()
    try:
        with serving(double) as port:
            for number in range(3):
                with Client(f"http://127.0.0.1:{port}") as client:
                    next(client.export())
                until = time.monotonic() + 60
                while double.closed <= number:
                    assert time.monotonic() < until
                    time.sleep(0.01)
    finally:
        gc.enable()


def test_an_export_that_is_refused_raises_the_problem(double: Double) -> None:
    double.break_export_at = 0
    with serving(double) as port, Client(f"http://127.0.0.1:{port}") as client, pytest.raises(ClientError, match="log"):
        list(client.export())


def test_a_proxy_of_the_environment_is_not_used_for_this_machine(double: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with serving(double) as port, Client(f"http://127.0.0.1:{port}") as client:
        assert client.live().status == 200


@pytest.mark.parametrize("url", ["", "localhost:8765", "ftp://x", "http://"])
def test_an_invalid_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="is not the URL of a server"):
        Client(url)
