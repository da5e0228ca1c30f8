"""Both protocol versions over real HTTP, the rules against web pages of other sites, and what broken clients send."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from mlgraph.api.mcp.catalog import TOOLS
from mlgraph.api.mcp.token_estimate import tokens_of
from tests.api.mcp import company
from tests.api.mcp.agents import LEGACY, MODERN, Agent, modern, raw
from tests.contract.serving import Api, Process

Json = dict[str, Any]
INVALID_PARAMS: Final = -32602
METHOD_NOT_FOUND: Final = -32601
HEADER_MISMATCH: Final = -32020
UNSUPPORTED_VERSION: Final = -32022
PARSE_ERROR: Final = -32700
NASTY: Final = (
    "\ud800",
    "\0",
    "' OR 1=1 --",
    '"',
    '"unclosed',
    "*",
    "kind:",
    ":",
    "@",
    "mlg://",
    "mlg://x/y/z",
    "%",
    "\\",
    "AND (",
    "🚀",
    "a:b:c",
)
SERVER_NAME_PREFIX: Final = "mcp__mlgraph__"


@pytest.mark.parametrize(("mode", "version"), [(MODERN, MODERN), ("auto", MODERN), ("legacy", LEGACY)])
def test_a_client_of_each_version_lists_and_calls_the_tools(server: Process, mode: str, version: str) -> None:
    with Agent(server.url, mode) as agent:
        assert agent.protocol_version == version
        names = [tool.name for tool in agent.tools()]
        assert names == [tool.name for tool in agent.tools()]
        reply = agent.call("show", asset=company.ORDERS)
    assert not reply.is_error
    assert reply.summary["uri"] == company.ORDERS


def test_the_list_of_tools_is_short_complete_and_in_a_fixed_order(server: Process, agent: Agent) -> None:
    tools = agent.tools()
    assert [tool.name for tool in tools] == ["find", "show", "lineage", "impact", "path", "similar", "why", "live", "changes"]
    assert [tool.name for tool in agent.tools()] == [tool.name for tool in tools]
    listed = raw(server.url, "tools/list").json()["result"]["tools"]
    assert tokens_of(json.dumps(listed, separators=(",", ":"))) <= 3_000
    for tool in tools:
        assert len(SERVER_NAME_PREFIX + tool.name) <= 64
        assert (tool.description or "").count("Example: {") == 1
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint is True


def test_the_example_of_each_description_is_valid(agent: Agent) -> None:
    for tool in agent.tools():
        example = json.loads((tool.description or "").partition("Example: ")[2])
        assert example.keys() <= tool.input_schema["properties"].keys()
        assert set(tool.input_schema.get("required", ())) <= example.keys()


def test_discovery_names_versions_and_instructions(server: Process) -> None:
    response = modern(server.url, "server/discover")
    found = response.json()["result"]
    assert response.headers["content-type"] == "application/json"
    assert MODERN in found["supportedVersions"]
    assert found["resultType"] == "complete"
    assert found["ttlMs"] > 0
    assert found["cacheScope"] == "public"
    assert "never instructions" in found["instructions"]


def test_a_modern_answer_has_its_result_type_and_a_list_its_time_to_live(server: Process) -> None:
    listed = modern(server.url, "tools/list").json()["result"]
    assert (listed["resultType"], listed["cacheScope"]) == ("complete", "public")
    assert listed["ttlMs"] > 0
    called = modern(server.url, "tools/call", {"name": "show", "arguments": {"asset": company.ORDERS}})
    assert called.json()["result"]["resultType"] == "complete"
    assert "mcp-session-id" not in called.headers


def test_the_headers_of_a_modern_request_must_agree_with_its_body(server: Process) -> None:
    call = {"name": "show", "arguments": {"asset": company.ORDERS}}
    for wrong in ({"mcp-name": "impact"}, {"mcp-method": "tools/list"}):
        response = modern(server.url, "tools/call", call, wrong)
        assert response.status_code == 400
        assert response.json()["error"]["code"] == HEADER_MISMATCH
    response = modern(server.url, "tools/list", headers={"mcp-protocol-version": "2031-01-01"})
    assert response.status_code == 400


def test_an_old_client_needs_no_session(server: Process) -> None:
    parameters = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "old", "version": "1"}}
    response = raw(server.url, "initialize", parameters)
    assert response.json()["result"]["protocolVersion"] == LEGACY
    assert response.json()["result"]["serverInfo"]["name"] == "mlgraph"
    assert "mcp-session-id" not in response.headers
    assert raw(server.url, "ping").json()["result"] == {}


def test_an_unknown_tool_and_method_are_protocol_errors_that_name_what_exists(server: Process) -> None:
    for send in (raw, modern):
        error = send(server.url, "tools/call", {"name": "linage", "arguments": {}}).json()["error"]
        assert error["code"] == INVALID_PARAMS
        assert "did you mean 'lineage'?" in error["message"]
        assert send(server.url, "resources/list").json()["error"]["code"] == METHOD_NOT_FOUND


@pytest.mark.parametrize(
    "arguments",
    [{}, {"asset": 7}, {"asset": None}, {"asset": ["a"]}, {"asset": {}}, {"asset": "x", "budget": 10**30}, {"assets": "x"}],
)
def test_wrong_arguments_are_errors_of_the_tool(agent: Agent, arguments: Json) -> None:
    reply = agent.call("lineage", **arguments)
    assert reply.is_error
    assert "argument" in json.loads(reply.text)["detail"]


@pytest.mark.parametrize("arguments", ["x", 7, ["asset"], True])
def test_arguments_that_are_no_object_are_a_protocol_error(server: Process, arguments: Any) -> None:
    for send in (raw, modern):
        answer = send(server.url, "tools/call", {"name": "show", "arguments": arguments}).json()
        assert answer["error"]["code"] == INVALID_PARAMS


@pytest.mark.parametrize("tool", [tool.name for tool in TOOLS])
def test_no_text_makes_a_tool_fail_unexpectedly(server: Process, tool: str) -> None:
    [declared] = [each for each in TOOLS if each.name == tool]
    valid = {"asset": company.ORDERS, "to": company.HOME_FEED, "query": "orders"}
    required = {each.name: valid[each.name] for each in declared.parameters if each.required}
    headers = {"accept": "application/json", "content-type": "application/json"}
    texts = [each.name for each in declared.parameters if each.type in ("string", "array")]
    with httpx.Client(base_url=server.url, headers=headers, timeout=60, trust_env=False) as http:
        for arguments in ({**required, name: nasty} for name in texts for nasty in NASTY):
            call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}
            answer = http.post("/mcp", content=json.dumps(call)).json()
            assert "Internal error" not in json.dumps(answer), arguments
            assert "result" in answer or answer["error"]["code"] in (INVALID_PARAMS, PARSE_ERROR), (arguments, answer)


@pytest.mark.parametrize(
    "body", [b"", b"{bad", b"[]", b"null", b"7", b'"x"', b'{"jsonrpc":"2.0"}', b"[" * 100_000, b"\xff\xfe", b"0" * 10**6]
)
@pytest.mark.parametrize("version", [LEGACY, MODERN])
def test_a_body_that_is_no_request_is_refused(server: Process, body: bytes, version: str) -> None:
    headers = {"accept": "application/json", "content-type": "application/json", "mcp-protocol-version": version}
    response = httpx.post(f"{server.url}/mcp", content=body, headers=headers, timeout=60, trust_env=False)
    assert 400 <= response.status_code < 500


def test_a_body_that_is_too_large_is_refused_and_a_gzipped_one_is_read(server: Process) -> None:
    import gzip  # noqa: PLC0415

    assert raw(server.url, "tools/call", {"name": "show", "arguments": {"asset": "x" * 1_100_000}}).status_code == 413
    body = gzip.compress(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).encode())
    headers = {"accept": "application/json", "content-type": "application/json", "content-encoding": "gzip"}
    response = httpx.post(f"{server.url}/mcp", content=body, headers=headers, timeout=60, trust_env=False)
    assert response.json()["result"]["tools"]


@pytest.mark.parametrize("query", ["toolset=all", "toolset=", "tools=write", "toolset=read&x=1"])
def test_an_unknown_toolset_is_refused(server: Process, query: str) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    response = httpx.post(f"{server.url}/mcp?{query}", json=body, headers={"accept": "application/json"}, trust_env=False)
    assert response.status_code == 422
    assert "toolset" in response.json()["detail"]


def test_only_posts_are_served(server: Process) -> None:
    for method in ("GET", "DELETE", "PUT", "OPTIONS"):
        response = httpx.request(method, f"{server.url}/mcp", timeout=60, trust_env=False)
        assert (response.status_code, response.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "rebound.example"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"authorization": "Bearer unknown"}, 401),
        ({"authorization": "Basic eDp5"}, 401),
    ],
)
def test_a_web_page_of_another_site_and_an_unknown_token_are_refused(
    server: Process, headers: dict[str, str], status: int
) -> None:
    for send in (raw, modern):
        response = send(server.url, "tools/list", headers=headers)
        assert response.status_code == status
        assert response.headers["content-type"] == "application/problem+json"


def test_a_server_for_other_machines_needs_a_token(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens.json"
    tokens.write_text(json.dumps([{"token": "a-token-of-an-agent", "actor": "agent"}]))
    tokens.chmod(0o600)
    process = Process("--data", str(tmp_path / "data"), "--tokens", str(tokens), "--host", "0.0.0.0")  # noqa: S104
    try:
        url = process.url.replace("0.0.0.0", "127.0.0.1")  # noqa: S104
        assert raw(url, "tools/list").status_code == 401
        assert raw(url, "tools/list", headers={"authorization": "Bearer a-token-of-an-agent"}).json()["result"]["tools"]
    finally:
        process.stop()


def test_any_process_of_a_server_answers(tmp_path: Path) -> None:
    process = Process("--data", str(tmp_path / "data"), "--workers", "2")
    try:
        api = Api(process.url)
        api.taken(*company.facts())
        api.close()
        handles = set()
        for _ in range(12):  # each on a new connection, which any process may accept
            arguments = {"asset": "shop.public.orders", "at_least": 1}
            called = raw(process.url, "tools/call", {"name": "show", "arguments": arguments}).json()["result"]
            assert not called["isError"], called
            handles.add(json.loads(called["content"][0]["text"].split("\n")[1])["asset"])
        assert len(handles) == 1
        parameters = {"name": "similar", "arguments": {"asset": "model:fraud-score"}}
        assert not raw(process.url, "tools/call", parameters).json()["result"]["isError"]
    finally:
        process.stop()


def test_a_client_that_disconnects_leaves_the_server_well(server: Process, agent: Agent) -> None:
    host, _, port = server.url.removeprefix("http://").partition(":")
    call = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "impact", "arguments": {"asset": company.ORDERS}},
    }
    body = json.dumps(call).encode()
    headers = ("Host: 127.0.0.1", "Accept: application/json", "Content-Type: application/json", f"Content-Length: {len(body)}")
    head = "\r\n".join(("POST /mcp HTTP/1.1", *headers, "", ""))
    for sent in (body, body[:20]):
        for _ in range(20):
            with socket.create_connection((host, int(port))) as connection:
                connection.sendall(head.encode() + sent)
    assert not agent.call("show", asset=company.ORDERS).is_error
