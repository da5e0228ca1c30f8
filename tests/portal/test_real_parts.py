"""Real dead letters, real connected tools and real sessions in a browser: one server with a connector that fails until it is
repaired, two sources of which one is away, and tokens."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, expect

from tests.connectors import page as how_to
from tests.contract.serving import Api, Process
from tests.portal import shop
from tests.portal.conftest import window
from tests.portal.portal_page import Portal, violations_in_each_look
from tests.sources.flaky_server import flaky_server, unused_url
from tests.sources.mlflow.test_mlflow import SmallMlflow

READ_BY: Final = "    report = EventDocument(payload)\n"
ANN, BEN = ({"token": f"token-of-{name}-12345678", "actor": name} for name in ("ann", "ben"))


@dataclass(frozen=True)
class Office:
    """A server, the file whose existence repairs its connector, and its token file."""

    api: Api
    repair: Path
    tokens: Path

    def accept(self, *callers: dict[str, str]) -> None:
        """Write the token file; the server reads it again a second later at most."""
        self.tokens.write_text(json.dumps(callers))
        self.tokens.chmod(0o600)

    def description(self) -> tuple[str, str]:
        """Return the description of the noted asset and who wrote it."""
        written = self.api.http.get("/api/v1/asset", params={"uri": shop.NOTED}).json()["fields"]["description"]
        return written["value"], written["actor"]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    repair, tokens, configuration = (folder / name for name in ("repaired", "tokens.json", "mlgraph.yaml"))
    failing = f"    if not __import__('pathlib').Path({str(repair)!r}).exists():\n        raise RuntimeError('planted')\n"
    packages = how_to.install(folder / "packages", how_to.source().replace(READ_BY, failing + READ_BY))
    path = os.pathsep.join((str(packages), *filter(None, [os.environ.get("PYTHONPATH")])))
    with flaky_server(SmallMlflow()) as mlflow:
        configuration.write_text(
            f"sources:\n  - {{name: prod, kind: mlflow, url: {mlflow.url}, schedule: {{poll: 1s}}}}\n"
            f"  - {{name: away, kind: mlflow, url: {unused_url()}, schedule: {{poll: 1s}}, limits: {{timeout: 200ms}}}}\n"
        )
        tokens.write_text(json.dumps([ANN]))
        tokens.chmod(0o600)
        options = ("--data", str(folder / "data"), "--config", str(configuration), "--tokens", str(tokens))
        process = Process(*options, environment={"PYTHONPATH": path})
        api = Api(process.url)
        api.taken(*shop.facts())
        api.ask("asset", uri=shop.NOTED)
        yield Office(api, repair, tokens)
        api.close()
        assert process.stop() == 0


@pytest.fixture
def portal(browser: Browser, office: Office) -> Iterator[Portal]:
    with window(browser, office.api.url) as portal:
        yield portal


def test_a_dead_letter_is_replayed_until_its_connector_is_repaired(portal: Portal, office: Office) -> None:
    event: dict[str, Any] = {**how_to.report(), "run": "<b>r1</b>"}
    office.api.http.post("/api/v1/ingest/toy", json=event).raise_for_status()
    portal.expect(422)
    assert portal.open("/dead-letters") == "ready"
    letter = portal.page.locator(".letters > li")
    expect(letter).to_have_count(1)
    expect(letter.locator("h2")).to_have_text("planted")
    letter.get_by_text("Input", exact=True).click()
    expect(letter.locator(".payload")).to_contain_text("<b>r1</b>")
    assert violations_in_each_look(portal.page) == {}
    letter.get_by_role("button", name="Replay").click()
    expect(portal.page.locator(".band.bad")).to_contain_text("stays.")
    expect(portal.page.locator(".band.bad")).to_contain_text("planted")
    expect(letter).to_contain_text("2 attempts")
    office.repair.touch()
    letter.get_by_role("button", name="Replay").press("Enter")
    expect(portal.page.locator(".band.acc")).to_contain_text("was processed.")
    expect(portal.page.locator("main")).to_have_attribute("data-state", "empty")
    assert office.api.ask("dead-letters")["total"] == 0
    assert portal.open("/asset", uri="mlg://run/toy/%3Cb%3Er1%3C%2Fb%3E") == "ready"


def test_a_source_that_answers_and_one_whose_circuit_is_open(portal: Portal) -> None:
    assert portal.open("/sources") == "ready"
    rows, named = portal.page.locator("tbody tr"), portal.page.get_by_text
    working, away = (rows.filter(has=named(name, exact=True)) for name in ("prod", "away"))
    expect(working.locator(".ok")).to_contain_text("following", timeout=60_000)
    expect(away).to_contain_text("It failed repeatedly and receives no requests for", timeout=60_000)
    expect(away.locator(".bad")).to_contain_text("failing")
    expect(portal.page.locator(".answer")).to_have_text("2 tools are connected: 1 follows, 1 fails.")
    assert violations_in_each_look(portal.page) == {}


def signed_in(portal: Portal, token: str) -> None:
    """Fill the dialog that asks for a token."""
    dialog = portal.page.get_by_role("dialog", name="This server wants a token")
    dialog.get_by_label("Token").fill(token)
    portal.press("Enter")
    expect(dialog).to_be_hidden()


def test_a_token_that_expires_while_one_writes_costs_no_word(portal: Portal, office: Office) -> None:
    portal.expect(401)
    portal.open("/asset", uri=shop.NOTED)
    portal.page.get_by_role("button", name="You and this browser").click()
    portal.page.get_by_role("button", name="Sign in with a token").click()
    signed_in(portal, ANN["token"])
    portal.press("e")
    portal.page.get_by_label("Description").fill("Written by ann.")
    portal.press("Control+Enter")
    portal.wait_for_text("The description is saved.", ".toast")
    assert office.description() == ("Written by ann.", "ann")
    portal.press("e")
    portal.page.get_by_label("Description").fill("Written by ben.")
    office.accept({**ANN, "expires": (datetime.now(UTC) - timedelta(seconds=1)).isoformat()}, BEN)
    portal.page.wait_for_timeout(1_100)
    portal.press("Control+Enter")
    portal.page.get_by_role("dialog", name="This server wants a token").wait_for()
    assert portal.violations() == []
    assert office.description() == ("Written by ann.", "ann")
    signed_in(portal, BEN["token"])
    assert portal.page.get_by_label("Description").input_value() == "Written by ben."
    portal.page.get_by_role("button", name="Save").click()
    portal.wait_for_text("The description is saved.", ".toast")
    assert office.description() == ("Written by ben.", "ben")
    portal.page.get_by_role("button", name="You and this browser").click()
    portal.page.get_by_role("button", name="Sign out").click()
    portal.open("/me")
    portal.wait_for_text("callers of this machine need no token")
