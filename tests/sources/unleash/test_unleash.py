"""The adapter against an imitation of Unleash: pages, changes, refusals, a restore. A real one is in tests/realparts."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from mlgraph.connectors.unleash import normalise
from mlgraph.domain.configuration import RequestLimits
from mlgraph.domain.credentials import Credentials
from mlgraph.domain.errors import InvalidInput, SourceAway, SourceError
from mlgraph.domain.naming.naming_context import NamingContext
from mlgraph.ports.source_adapter import Access, Cursor, Gone, Payload, SourcePage
from mlgraph.sources.http import RetryPolicy
from mlgraph.sources.unleash.api import ambient_credentials
from mlgraph.sources.unleash.factory import UnleashSources
from mlgraph.sources.unleash.source import UnleashSource
from tests.connectors.unleash.flag_payloads import strategy, variant
from tests.sources.unleash.imitation import TOKEN, Unleash, serving

CONTEXT = NamingContext(registry="mlflow:prod")
NOW = datetime(2026, 11, 2, 10, 20, tzinfo=UTC).timestamp()


@pytest.fixture
def unleash() -> Iterator[Unleash]:
    with serving() as found:
        yield found


@pytest.fixture
def source(unleash: Unleash) -> Iterator[UnleashSource]:
    found = opened(unleash)
    yield found
    found.close()


def opened(unleash: Unleash, token: str = TOKEN, now: float = NOW) -> UnleashSource:
    access = Access(unleash.url, "prod", Credentials(token), RequestLimits(requests_per_s=10_000))
    return UnleashSource(access, retries=RetryPolicy(attempts=1), clock=lambda: now)


def make_flag(unleash: Unleash, name: str, model: str = "models:/r/1") -> None:
    body = strategy("s1", [variant("a", 1000, model)])
    unleash.add(name, environments=[{"name": "production", "enabled": True, "strategies": [body]}])
    unleash.happened("feature-strategy-add", name, environment="production", data=body)
    unleash.happened("feature-environment-enabled", name, environment="production")


def names(pages: list[SourcePage]) -> list[str]:
    return [name for page in pages for payload in page.payloads if (name := payload["data"].get("name"))]


def payloads(pages: list[SourcePage], kind: str) -> list[Payload]:
    return [one for page in pages for one in page.payloads if one["type"] == f"unleash.{kind}"]


def cursor_of(source: UnleashSource) -> Cursor:
    (*_, last) = source.changed_since(None)
    return last.cursor


def test_a_probe_reports_version_and_counts(unleash: Unleash, source: UnleashSource) -> None:
    make_flag(unleash, "f")
    probed = source.probe()
    assert (probed.version, dict(probed.counts)) == ("7.5.1", {"flags": 1, "archived flags": 0})


@pytest.mark.parametrize("version", ["6.10.2", "5.0.0"])
def test_an_old_version_is_refused_with_the_version_that_is_needed(unleash: Unleash, source: UnleashSource, version: str) -> None:
    unleash.version = version
    with pytest.raises(SourceError, match=f"has version {version}: version 7 or later is needed"):
        source.probe()
    with pytest.raises(SourceError, match="version 7 or later"):
        list(source.pages())


def test_a_wrong_token_is_refused_and_not_repeated(unleash: Unleash) -> None:
    source = opened(unleash, "wrong-token")
    with pytest.raises(SourceAway, match="HTTP 401") as caught:
        source.probe()
    assert "wrong-token" not in caught.value.detail
    source.close()


def test_a_reading_continues_after_any_page(unleash: Unleash, source: UnleashSource) -> None:
    for number in range(45):
        make_flag(unleash, f"f{number:02}")
    unleash.archived["old"] = {"name": "old", "project": "default", "createdAt": "2026-11-01T10:00:00.000Z"}
    unleash.happened("feature-archived", "old")
    unleash.happened("feature-deleted", "gone")
    unleash.applications.append({"appName": "shop", "createdAt": "2026-11-01T10:00:00.000Z", "usage": []})
    pages = list(source.pages())
    assert names(pages) == [*(f"f{number:02}" for number in range(45)), "old", "gone"]
    assert [page.done for page in pages] == [False] * (len(pages) - 1) + [True]
    assert [one["data"]["application"]["appName"] for one in payloads(pages, "application")] == ["shop"]
    for place, page in enumerate(pages[:-1]):
        rest = list(opened(unleash).pages(page.cursor))
        assert names(rest) == names(pages[place + 1 :])
        assert len(payloads(rest, "application")) == len(payloads(pages[place + 1 :], "application"))


def test_changes_are_the_flags_of_newer_events(unleash: Unleash, source: UnleashSource) -> None:
    make_flag(unleash, "f")
    make_flag(unleash, "g")
    cursor = cursor_of(source)
    assert names(list(source.changed_since(cursor))) == []
    unleash.happened("feature-tagged", "g", data={"type": "simple", "value": "x"})
    unleash.happened("user-created", "nobody")
    pages = list(source.changed_since(cursor))
    assert names(pages) == ["g"]
    assert names(list(source.changed_since(pages[-1].cursor))) == []


def test_a_flag_whose_events_were_read_last_is_found_by_name_in_every_project(unleash: Unleash, source: UnleashSource) -> None:
    make_flag(unleash, "f")
    unleash.flags["f"]["project"] = "search"
    found = source.fetch("flag", "default/f")
    assert isinstance(found, dict)
    assert found["data"]["project"] == "search"


def test_a_deleted_flag_is_its_events_and_one_without_events_is_gone(unleash: Unleash, source: UnleashSource) -> None:
    make_flag(unleash, "f")
    del unleash.flags["f"]
    unleash.happened("feature-deleted", "f")
    found = source.fetch("flag", "default/f")
    assert isinstance(found, dict)
    assert [one["type"] for one in found["data"]["events"]][-1] == "feature-deleted"
    assert source.fetch("flag", "default/never") == Gone("flag", "default/never", None)


def test_a_flag_of_a_project_that_is_not_shown_is_not_gone(source: UnleashSource) -> None:
    with pytest.raises(SourceError, match="does not show the project 'secret'"):
        source.fetch("flag", "secret/f")
    with pytest.raises(InvalidInput, match="the kind is flag"):
        source.fetch("segment", "1")


def test_a_restored_database_is_read_again_and_known_states_end(unleash: Unleash, source: UnleashSource) -> None:
    make_flag(unleash, "f")
    backup = list(unleash.events)
    unleash.happened("feature-environment-disabled", "f", environment="production")
    cursor = cursor_of(source)
    unleash.events[:] = backup
    pages = list(source.changed_since(cursor))
    assert [one["data"]["restored_at"] for one in payloads(pages, "flag")] == ["2026-11-02T10:20:00Z"]
    assert names(list(source.changed_since(pages[-1].cursor))) == [], "once"


def test_a_restore_is_found_after_a_poll_that_was_refused_the_events(unleash: Unleash, source: UnleashSource) -> None:
    make_flag(unleash, "f")
    backup = list(unleash.events)
    unleash.happened("feature-environment-disabled", "f", environment="production")
    cursor = cursor_of(source)
    unleash.events[:] = backup
    unleash.refused["search/events"] = 404
    (*_, refused) = source.changed_since(cursor)
    unleash.refused.clear()
    assert names(list(source.changed_since(refused.cursor))) == ["f"]
    assert "restored_at" in payloads(list(source.changed_since(refused.cursor)), "flag")[0]["data"]


def test_a_restore_is_found_where_only_a_webhook_named_the_lost_events(unleash: Unleash, source: UnleashSource) -> None:
    make_flag(unleash, "f")
    cursor, backup = cursor_of(source), list(unleash.events)
    unleash.happened("feature-environment-disabled", "f", environment="production")
    source.fetch("flag", "default/f")
    unleash.events[:] = backup
    pages = list(source.changed_since(cursor))
    assert "restored_at" in payloads(pages, "flag")[0]["data"]
    assert names(list(source.changed_since(pages[-1].cursor))) == [], "once"


def test_events_with_numbers_of_lost_ones_show_a_restore(unleash: Unleash, source: UnleashSource) -> None:
    make_flag(unleash, "f")
    cursor = cursor_of(source)
    unleash.events[-1] = {**unleash.events[-1], "createdAt": "2026-11-02T09:00:00.000Z"}
    make_flag(unleash, "g")
    pages = list(source.changed_since(cursor))
    assert all("restored_at" in one["data"] for one in payloads(pages, "flag"))
    assert names(pages) == ["f", "g"]


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize(
    ("part", "what"),
    [
        ("search/events", "events"),
        ("/tags", "tags"),
        ("client-metrics", "counts of applications"),
        ("metrics/appl", "applications"),
    ],
)
def test_a_refused_part_costs_only_itself_and_is_an_error(
    unleash: Unleash, source: UnleashSource, part: str, what: str, status: int
) -> None:
    make_flag(unleash, "f")
    cursor = cursor_of(source)
    unleash.refused[part] = status
    for pages in (list(source.pages()), list(source.changed_since(cursor))):
        (refusal,) = payloads(pages, "refused")
        assert refusal["data"]["error"].startswith(f"Unleash refuses its {what}, all else is read: ")
        assert TOKEN not in refusal["data"]["error"]
    (flag,) = payloads(list(source.pages()), "flag")
    edges = [one for one in normalise(flag, CONTEXT) if getattr(one, "relation", None) == "tested_in"]
    assert len(edges) == 1
    unleash.refused.clear()
    assert payloads(list(source.pages()), "refused") == []


def test_a_refused_list_of_flags_stops_the_reading(unleash: Unleash, source: UnleashSource) -> None:
    make_flag(unleash, "f")
    unleash.refused["search/features"] = 403
    with pytest.raises(SourceError, match="HTTP 403"):
        list(source.pages())
    with pytest.raises(SourceError, match="HTTP 403"):
        list(source.inventory())


def test_counts_are_read_once_an_hour(unleash: Unleash, source: UnleashSource) -> None:
    make_flag(unleash, "f")
    unleash.add("plain")
    (*_, last) = source.pages()
    assert names(list(source.changed_since(last.cursor))) == []
    later = {**last.cursor, "hour": last.cursor["hour"] - 1}
    pages = list(source.changed_since(later))
    assert names(pages) == ["f"]
    assert names(list(source.changed_since(pages[-1].cursor))) == []


def test_applications_are_reported_when_they_change(unleash: Unleash, source: UnleashSource) -> None:
    application: dict[str, Any] = {"appName": "shop", "createdAt": "2026-11-01T10:00:00.000Z", "updatedAt": "1", "usage": []}
    unleash.applications.append(application)
    (*_, last) = source.pages()
    application["updatedAt"] = "2"
    assert payloads(list(source.changed_since(last.cursor)), "application") == []
    application["usage"] = [{"project": "default", "environments": ["production"]}]
    assert len(payloads(list(source.changed_since(last.cursor)), "application")) == 1


def test_the_inventory_lists_flags_and_archived_ones(unleash: Unleash, source: UnleashSource) -> None:
    make_flag(unleash, "f")
    unleash.archived["old"] = {"name": "old", "project": "default"}
    assert [str(uri) for uri in source.inventory()] == [
        "mlg://experiment/unleash%3Aprod/default%2Ff",
        "mlg://experiment/unleash%3Aprod/default%2Fold",
    ]
    assert source.identities() == {}


def test_the_integration_is_made_once_and_its_secret_replaced(unleash: Unleash, source: UnleashSource) -> None:
    assert source.subscribe("https://graph.example.org/hook", "one") == "1"
    assert source.subscribe("https://graph.example.org/hook", "two") == "1"
    assert source.subscribe("https://other.example.org/hook", "three") == "2"
    secrets = [one["parameters"]["authorization"] for one in unleash.integrations]
    assert secrets == ["two", "three"]
    assert "feature-archived" in unleash.integrations[0]["events"]


def test_a_payload_names_nobody_and_shows_no_picture(unleash: Unleash, source: UnleashSource) -> None:
    make_flag(unleash, "f")
    unleash.flags["f"] |= {
        "createdBy": {"name": "Ada", "imageUrl": "https://gravatar.com/avatar/1"},
        "collaborators": {"users": []},
    }
    unleash.events[0] |= {"summary": "**Ada** created", "label": "Flag created"}
    found: Any = source.fetch("flag", "default/f")
    assert "Ada" not in str(found)
    assert "gravatar" not in str(found)


def test_an_answer_of_another_server_is_refused(unleash: Unleash, source: UnleashSource) -> None:
    unleash.flags["f"] = {"project": "default"}
    with pytest.raises(SourceError, match="an item without 'name': check that the URL is that of an Unleash server"):
        list(source.inventory())


def test_the_token_is_sent_alone_and_comes_from_the_environment() -> None:
    found = ambient_credentials({"UNLEASH_TOKEN": "*:*.abc"})
    assert found is not None
    assert (found.secret, found.user) == ("*:*.abc", None)
    assert ambient_credentials({}) is None
    with pytest.raises(InvalidInput, match="the value of UNLEASH_TOKEN"):
        ambient_credentials({"UNLEASH_TOKEN": "two words"})
    with pytest.raises(InvalidInput, match="leave the user out"):
        UnleashSources().open(Access("http://127.0.0.1:1", credentials=Credentials("x", "ada")))


def test_pages_and_changes_never_shift_backwards(unleash: Unleash, source: UnleashSource) -> None:
    for number in range(25):
        make_flag(unleash, f"f{number}")
    counts = [page.count for page in source.pages() if page.stage == "flag"]
    assert all(before < after for before, after in pairwise(counts))
