"""The connector registry: which connectors it rejects, and which connector it returns for a format, tool or CloudEvent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mlgraph.domain.errors import Conflict, InvalidInput
from mlgraph.domain.facts import Statement
from mlgraph.domain.naming.naming_context import NamingContext
from mlgraph.domain.payloads.payload import Located
from mlgraph.ports.connector import Connector, ConnectorRegistry


def no_statements(payload: object, context: NamingContext) -> list[Statement]:
    del payload, context
    return []


PLAIN = Connector(name="plain", event_types=("object",), kinds=("run",), relations=("run_of",), normalise=no_statements)
CLAIMS = replace(PLAIN, name="claims", cloudevent_types=("org.example.",), media_types=("application/vnd.claims+json",))
PASSING = replace(PLAIN, name="passing", mentions_in_passing=True, accepts_events=False)


@pytest.mark.parametrize(
    ("connector", "message"),
    [
        (replace(PLAIN, name="Plain"), "not a valid connector name"),
        (replace(PLAIN, name="a b"), "not a valid connector name"),
        (replace(PLAIN, name="../x"), "not a valid connector name"),
        (replace(PLAIN, name=""), "not a valid connector name"),
        (replace(PLAIN, name="facts"), "reserved"),
        (replace(PLAIN, name="thin"), "reserved"),
        (PLAIN, "registered already"),
        (replace(PLAIN, name="other", kinds=("datset",)), "did you mean 'dataset'"),
        (replace(PLAIN, name="other", relations=("nothing_like_it",)), "unknown relation 'nothing_like_it'; the relations are"),
        (replace(PLAIN, name="other", cloudevent_types=("io.mlgraph.",)), "carry facts"),
        (replace(PLAIN, name="other", cloudevent_types=("",)), "carry facts"),
        (replace(PLAIN, name="other", cloudevent_types=("org.example.part.",)), "'org.example.part.' is claimed by 'claims'"),
        (replace(PLAIN, name="other", cloudevent_types=("org.",)), "'org.' is claimed by 'claims'"),
        (replace(PLAIN, name="other", media_types=("application/vnd.claims+json",)), "media type .* is claimed by 'claims'"),
        (replace(PLAIN, name="other", media_types=("application/json",)), "does not identify a format"),
    ],
)
def test_an_invalid_or_colliding_connector_is_rejected(connector: Connector, message: str) -> None:
    registry = ConnectorRegistry([PLAIN, CLAIMS])
    with pytest.raises(InvalidInput, match=message):
        registry.register(connector)
    assert [each.name for each in registry] == ["plain", "claims"]


def test_formats_and_tools_are_found_by_name() -> None:
    registry = ConnectorRegistry([PLAIN, CLAIMS, PASSING])
    assert registry.formats == ("plain", "claims")
    assert registry.tools == ()
    assert registry.in_passing == {"passing"}
    assert registry.format("plain") is PLAIN
    with pytest.raises(
        InvalidInput, match=r"unknown format 'plane'; did you mean 'plain'\? The formats of events are plain, claims"
    ):
        registry.format("plane")
    with pytest.raises(InvalidInput, match="unknown format 'passing'"):
        registry.format("passing")
    with pytest.raises(InvalidInput, match="the kinds of tools are none"):
        registry.tool("plain")


def test_a_stored_format_or_tool_may_have_lost_its_connector() -> None:
    registry = ConnectorRegistry([PLAIN, PASSING])
    assert registry.stored_format("passing") is PASSING, "it accepts no new payloads and interprets stored ones"
    with pytest.raises(Conflict, match="'gone' is not registered"):
        registry.stored_format("gone")
    with pytest.raises(Conflict, match="'plain' is not registered"):
        registry.stored_tool("plain")


@pytest.mark.parametrize(
    ("event_type", "media_type", "found"),
    [
        ("org.example.copied", None, CLAIMS),
        ("org.example", None, None),
        ("com.other", "application/vnd.claims+json; charset=utf-8", CLAIMS),
        ("com.other", "Application/Vnd.Claims+JSON", CLAIMS),
        ("com.other", "application/json", None),
        ("com.other", None, None),
    ],
)
def test_a_cloudevent_is_routed_to_the_connector_that_claims_it(
    event_type: str, media_type: str | None, found: Connector | None
) -> None:
    assert ConnectorRegistry([PLAIN, CLAIMS]).of_cloudevent(event_type, media_type) is found


def test_the_stored_copy_of_a_payload_has_no_secrets_by_default() -> None:
    payload = {"password": "hunter2", "options": [{"name": "API_KEY", "value": "k3y"}], "by": "ann@example.org", "n": 1}
    stored = PLAIN.sanitize(Located(payload))
    assert "hunter2" not in str(stored)
    assert "k3y" not in str(stored)
    assert "ann@example.org" not in str(stored)
    assert isinstance(stored, dict)
    assert stored["n"] == 1
    assert PLAIN.event_id(payload) == "event"
