"""Recorded sessions of both protocol versions: sent again byte for byte, they get the recorded answers."""

from __future__ import annotations

import json
import re
from importlib.metadata import version as version_of
from typing import Any

import httpx
import pytest

from tests.api.mcp.agents import LEGACY, MODERN
from tests.api.mcp.sessions import CALLS, FOLDER, MODES
from tests.contract.serving import Process

Json = dict[str, Any]


def session(version: str) -> list[Json]:
    exchanges: list[Json] = json.loads((FOLDER / f"{version}.json").read_text())
    return exchanges


def comparable(answer: object) -> object:
    """An answer without the version of mlgraph and the watermark: a check for near-duplicates writes facts when it likes."""
    text = json.dumps(answer).replace(f'"version": "{version_of("mlgraph")}"', '"version": "any"')
    return json.loads(re.sub(r'(watermark\\":)\d+', r"\g<1>0", text))


def texts(exchanges: list[Json]) -> list[Json]:
    """What the calls of tools in a session are answered with."""
    return [each["answer"]["result"]["content"] for each in exchanges if (each["body"] or {}).get("method") == "tools/call"]


@pytest.mark.parametrize("version", MODES)
def test_a_recorded_session_is_answered_as_it_was(server: Process, version: str) -> None:
    exchanges = session(version)
    assert sum((each["body"] or {}).get("method") == "tools/call" for each in exchanges) == len(CALLS)
    with httpx.Client(base_url=server.url, timeout=60, trust_env=False) as http:
        for each in exchanges:
            response = http.request(each["method"], "/mcp", headers=each["headers"], json=each["body"])
            assert response.status_code == each["status"]
            answer = json.loads(response.content) if response.content else None
            assert comparable(answer) == comparable(each["answer"]), each["body"]


def test_the_versions_differ_in_what_their_specifications_say() -> None:
    modern, legacy = session(MODERN), session(LEGACY)
    assert not any((each["body"] or {}).get("method") == "initialize" for each in modern)
    assert legacy[0]["body"]["method"] == "initialize"
    for each in modern:
        assert each["headers"]["mcp-protocol-version"] == MODERN
        assert each["headers"]["mcp-method"] == each["body"]["method"]
        assert each["body"]["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] == MODERN
        assert each["answer"]["result"]["resultType"] == "complete"
    [listed] = [each for each in modern if each["body"]["method"] == "tools/list"]
    assert listed["answer"]["result"].keys() >= {"ttlMs", "cacheScope", "tools"}
    assert all("resultType" not in each["answer"]["result"] for each in legacy if (each["answer"] or {}).get("result"))
    assert comparable(texts(modern)) == comparable(texts(legacy)), "the answers of the tools are the same"
