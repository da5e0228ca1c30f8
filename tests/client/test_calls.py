"""The calls of both clients, against the OpenAPI document: every operation has a method with its parameters."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
from collections.abc import Callable, Iterable
from typing import Any, Final

import httpx
import pytest

from mlgraph.client import Answer, AsyncClient, Client, ClientError, ServerNotReachable, UnresolvedName, WalkOptions
from mlgraph.client.requests import Request, Transport
from mlgraph.domain.options.scene_options import SceneOptions
from mlgraph.domain.options.search_options import SearchOptions
from tests.api.services_double import Double, app_over

URI: Final = "mlg://dataset/lake/a"
NOT_CALLED: Final = {
    ("get", "/api/v1/assets/{uri}"): "another spelling of /api/v1/asset",
    ("post", "/api/v1/webhooks/{name}"): "called by the tools themselves, with a signature",
    ("post", "/api/v1/session"): "for browsers: a program sends its token",
    ("delete", "/api/v1/session"): "for browsers",
    ("get", "/healthz"): "for monitors",
    ("get", "/readyz"): "for monitors",
    ("get", "/metrics"): "for monitors",
    ("post", "/mcp"): "for agents",
    ("get", "/mcp"): "for agents",
    ("delete", "/mcp"): "for agents",
}
NOT_SENT: Final = {("get", "/api/v1/similar"): {"text"}}
"""`similar_to_text` posts the text, which may be longer than a URL."""
WALK: Final = WalkOptions(
    direction="both", depth=3, kinds=("run",), level="run", as_of="t", certain=True, fold=False, limit=5, cursor="c"
)
SEARCH: Final = SearchOptions(
    kind=("run",),
    owner=("o",),
    team=("t",),
    tag=("x",),
    platform=("s3",),
    environment=("prod",),
    state=("deleted",),
    prefix=True,
    limit=5,
    cursor="c",
    explain=True,
)
SCENE: Final = SceneOptions(
    direction="both",
    change="any",
    kinds=("run",),
    level="run",
    as_of="t",
    from_="s",
    certain=True,
    fold=False,
    by="kind",
    open=("f",),
    select="a",
    marks=30,
)
VALUES: Final[dict[str, Any]] = {
    "str": URI,
    "str | None": URI,
    "int": 7,
    "int | None": 7,
    "bool": True,
    "bool | None": True,
    "bytes": b"{}",
    "Iterable[bytes]": [b"{}", b"{}"],
    "Mapping[str, str] | None": {"content-type": "application/json"},
    "Mapping[str, Any] | None": {"uri": URI},
    "Sequence[str]": ["dataset"],
    "Sequence[ChangedFile]": [],
    "Annotation": {"description": "d"},
    "WalkOptions": WALK,
    "SceneOptions": SCENE,
    "SearchOptions": SEARCH,
}


class Recorder(Transport):
    """Records requests instead of sending them."""

    def __init__(self) -> None:
        self.requests: list[Request] = []

    def _send(self, request: Request, answer: Any) -> Any:
        self.requests.append(request)
        return answer(200, b"{}")

    def _stream(self, request: Request) -> Any:
        self.requests.append(request)
        return iter(())


def methods(client: type) -> dict[str, Callable[..., Any]]:
    found = inspect.getmembers(client, inspect.isfunction)
    return {name: method for name, method in found if not name.startswith("_") and name != "close"}


def arguments(method: Callable[..., Any]) -> dict[str, Any]:
    """Return a value for each parameter of a method, by its annotation."""
    parameters = list(inspect.signature(method).parameters.values())[1:]
    unknown = [f"{method.__name__}: {each.name}: {each.annotation}" for each in parameters if each.annotation not in VALUES]
    assert unknown == [], "add a value for this annotation to VALUES"
    return {each.name: VALUES[each.annotation] for each in parameters}


def recorded(name: str, *, only_required: bool = False) -> Request:
    recorder = Recorder()
    client = Client("http://localhost")
    client._transport = recorder  # type: ignore[assignment]
    method = methods(Client)[name]
    required = {each.name for each in inspect.signature(method).parameters.values() if each.default is each.empty}
    given = arguments(method)
    method(client, **{key: value for key, value in given.items() if key in required or not only_required})
    (request,) = recorder.requests
    return request


DOCUMENT: Final = app_over(Double(), loopback=True).openapi()["paths"]


def operation_of(request: Request) -> tuple[str, str]:
    """Return method and path template of the operation that a request calls; of several templates the most exact."""
    fitting = [
        path
        for path, item in DOCUMENT.items()
        if request.method.lower() in item and re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", path), request.path)
    ]
    assert fitting, f"no operation has the path of {request.method} {request.path}"
    return request.method.lower(), min(fitting, key=lambda path: path.count("{"))


@pytest.mark.parametrize("name", methods(Client))
def test_a_method_sends_the_parameters_of_its_operation(name: str) -> None:
    request = recorded(name)
    method, path = operation_of(request)
    operation = DOCUMENT[path][method]
    described = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
    assert set(dict(request.query)) == described - NOT_SENT.get((method, path), set())
    assert bool(request.body) <= ("requestBody" in operation)


def test_every_operation_has_a_method() -> None:
    called = {operation_of(recorded(name, only_required=some)) for name in methods(Client) for some in (True, False)}
    described = {(method, path) for path, item in DOCUMENT.items() for method in item}
    assert described - called == set(NOT_CALLED) & described


def test_both_clients_have_the_same_methods_with_the_same_parameters() -> None:
    sync, asynchronous = methods(Client), methods(AsyncClient)
    assert set(sync) - set(asynchronous) == set(), "add it to AsyncClient: NAME = _awaited(Client.NAME)"
    assert set(asynchronous) <= set(sync)
    for name, method in sync.items():
        assert inspect.signature(method) == inspect.signature(asynchronous[name]), name
        assert asynchronous[name].__doc__ == method.__doc__


@pytest.mark.parametrize("name", methods(Client))
def test_both_clients_send_the_same_bytes(name: str) -> None:
    sent: list[tuple[str, str, dict[str, str], bytes]] = []

    def note(request: httpx.Request, body: bytes) -> httpx.Response:
        headers = {key: value for key, value in request.headers.items() if key != "user-agent"}
        sent.append((request.method, str(request.url), headers, body))
        data = {"uri": URI, "matches": [], "total": 1, "nearest": [], "name": "n"} if "resolve" in str(request.url) else {}
        return httpx.Response(200, json=data)

    def at_once(request: httpx.Request) -> httpx.Response:
        return note(request, request.read())

    async def later(request: httpx.Request) -> httpx.Response:
        return note(request, await request.aread())

    with Client("http://localhost", "secret", transport=httpx.MockTransport(at_once)) as client:
        given = arguments(methods(Client)[name])
        found = methods(Client)[name](client, **given)
        data = b"".join(found) if isinstance(found, Iterable) else found.data

    async def ask() -> Any:
        async with AsyncClient("http://localhost", "secret", transport=httpx.MockTransport(later)) as client:
            made = methods(AsyncClient)[name](client, **given)
            if inspect.isawaitable(made):
                answer = await made
                assert type(answer) is type(found)
                return answer.data
            return b"".join([piece async for piece in made])

    assert asyncio.run(ask()) == data
    assert sent[0] == sent[1]
    assert sent[0][2]["authorization"] == "Bearer secret"


# --- names ------------------------------------------------------------------------------------------------------------

KNOWN: Final = {"orders": URI, "raw orders": "mlg://dataset/lake/raw"}


def resolving(requests: list[httpx.URL]) -> Callable[[httpx.Request], httpx.Response]:
    def respond(request: httpx.Request) -> httpx.Response:
        requests.append(request.url)
        if request.url.path != "/api/v1/resolve":
            return httpx.Response(200, json={"uri": request.url.params.get("uri")})
        name = request.url.params["name"]
        matches = (
            [{"uri": f"mlg://dataset/lake/{n}", "kind": "dataset", "name": name} for n in range(12)] if name == "many" else []
        )
        nearest = [] if matches else [{"uri": URI, "kind": "dataset", "name": "orders"}]
        answer = {"name": name, "uri": KNOWN.get(name), "matches": matches, "total": 30 if matches else 0, "nearest": nearest}
        return httpx.Response(200, json=answer)

    return respond


def test_a_name_is_resolved_first() -> None:
    requests: list[httpx.URL] = []
    with Client("http://localhost", transport=httpx.MockTransport(resolving(requests))) as client:
        assert client.asset("orders", at_least=7).data["uri"] == URI
        assert [url.path for url in requests] == ["/api/v1/resolve", "/api/v1/asset"]
        assert dict(requests[0].params) == {"name": "orders", "at_least": "7"}
        assert dict(requests[1].params) == {"uri": URI, "at_least": "7"}
        requests.clear()
        client.path("raw orders", URI)
        assert [url.path for url in requests] == ["/api/v1/resolve", "/api/v1/paths"]
        assert dict(requests[1].params) == {"source": "mlg://dataset/lake/raw", "target": URI}
        requests.clear()
        client.diff("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")
        assert [url.path for url in requests] == ["/api/v1/diff"]

    async def ask() -> None:
        async with AsyncClient("http://localhost", transport=httpx.MockTransport(resolving(requests))) as client:
            assert (await client.asset("orders")).data["uri"] == URI
            with pytest.raises(UnresolvedName):
                await client.lineage("many")

    asyncio.run(ask())


def test_a_name_of_several_assets_or_none_is_refused_with_candidates() -> None:
    with Client("http://localhost", transport=httpx.MockTransport(resolving([]))) as client:
        with pytest.raises(UnresolvedName, match=r"'many' may mean 30 assets: .*lake/0, .* and 20 more; give a URI") as refused:
            client.lineage("many")
        assert len(refused.value.matches) == 12
        with pytest.raises(UnresolvedName, match="no asset has the name 'odres'; similar names have mlg://dataset/lake/a"):
            client.impact("odres")


# --- errors of the asynchronous client -------------------------------------------------------------------------------


def test_the_asynchronous_client_raises_the_same_errors() -> None:
    problem = {"title": "Unknown asset", "status": 404, "detail": "no fact names it"}

    async def ask(transport: httpx.AsyncBaseTransport | None, url: str = "http://localhost") -> None:
        async with AsyncClient(url, transport=transport) as client:
            await client.asset(URI)

    async def stream(transport: httpx.AsyncBaseTransport) -> None:
        async with AsyncClient("http://localhost", transport=transport) as client:
            _ = [piece async for piece in client.export()]

    refusing = httpx.MockTransport(lambda _: httpx.Response(404, json=problem))
    with pytest.raises(ClientError, match="no fact names it") as refused:
        asyncio.run(ask(refusing))
    assert refused.value.status == 404
    with pytest.raises(ClientError, match="no fact names it"):
        asyncio.run(stream(refusing))
    with pytest.raises(ServerNotReachable):
        asyncio.run(ask(None, "http://127.0.0.1:9"))
    with pytest.raises(ValueError, match="is not the URL of a server"):
        AsyncClient("localhost:8765")


def test_graphql_has_data_and_errors() -> None:
    answer = {"data": {"asset": None}, "errors": [{"message": "unknown", "extensions": {"code": "UNKNOWN_ASSET"}}]}

    def respond(request: httpx.Request) -> httpx.Response:
        assert json.loads(request.content) == {"query": "{ asset }", "variables": {"n": 1}}
        return httpx.Response(200, json=answer)

    with Client("http://localhost", transport=httpx.MockTransport(respond)) as client:
        found: Answer[Any] = client.graphql("{ asset }", {"n": 1})
    assert found.data == answer
