"""The Feast source adapter with a double: pages, cursors, refusals, deletions. test_feast_real.py uses a real registry."""

from __future__ import annotations

import copy
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from mlgraph.domain.errors import InvalidInput, SourceError
from mlgraph.ports.source_adapter import Access, Gone, SourceAdapter, SourcePage
from mlgraph.sources.feast.api import ambient_credentials
from mlgraph.sources.feast.source import FeastSource
from mlgraph.sources.http import RetryPolicy
from tests.sources.flaky_server import Answer, flaky_server, respond_with

QUICK = RetryPolicy(attempts=2, timeout_s=2, first_wait_s=0.01, longest_wait_s=0.02)
META = {"createdTimestamp": "2026-11-01T00:00:00Z", "lastUpdatedTimestamp": "2026-11-02T00:00:00Z"}
GONE = respond_with({"status_code": 404, "detail": "no", "error_type": "FeastObjectNotFoundException"}, 404)
REFUSED = respond_with({"status_code": 403, "detail": "not permitted", "error_type": "FeastPermissionError"}, 403)


def source_of(name: str) -> dict[str, Any]:
    return {"type": "BATCH_FILE", "name": name, "fileOptions": {"uri": f"s3://lake/{name}"}, "meta": META}


def view(name: str, *features: str) -> dict[str, Any]:
    spec = {"name": name, "features": [{"name": each, "valueType": "INT64"} for each in features], "batchSource": source_of(name)}
    return {"type": "featureView", "spec": spec, "meta": META}


def service(name: str) -> dict[str, Any]:
    return {"spec": {"name": name, "features": []}, "meta": META}


class SmallFeast:
    """Two projects; pages of two, whatever limit is asked for."""

    def __init__(self) -> None:
        views = [view(f"v{number}", "a", "b") for number in range(3)]
        self.projects: dict[str, dict[str, list[Any]]] = {
            "shop": {"data_sources": [source_of("s")], "feature_views": views, "feature_services": [service("r")]},
            "lake": {"data_sources": [], "feature_views": [view("w", "c")], "feature_services": []},
        }
        self.refused: set[tuple[str, str]] = set()
        self.single: list[str] = []

    def __call__(self, path: str, _: Any) -> Answer:
        parts = urlsplit(path)
        asked = {key: values[0] for key, values in parse_qs(parts.query).items()}
        listing, _, name = unquote(parts.path).removeprefix("/api/v1/").partition("/")
        if listing == "version":
            return respond_with({"version": "0.67.0"})
        if listing == "projects":
            return page("projects", [{"spec": {"name": each}} for each in self.projects], asked)
        if (asked["project"], listing) in self.refused:
            return REFUSED
        items = self.projects.get(asked["project"], {}).get(listing, [])
        if name:
            self.single.append(name)
            return GONE if name not in {each.get("spec", each)["name"] for each in items} else respond_with(items[0])
        member = listing.split("_")[0] + listing.split("_")[1].capitalize()
        since = asked.get("updated_since", "")
        return page(member, [each for each in items if each["meta"]["lastUpdatedTimestamp"] >= since], asked)


def page(member: str, items: list[Any], asked: dict[str, str]) -> Answer:
    assert asked["allow_cache"] == "false"
    assert int(asked["limit"]) <= 100
    number = int(asked["page"])
    shown = items[2 * number - 2 : 2 * number]
    return respond_with({member: shown, "pagination": {"totalCount": len(items), "totalPages": (len(items) + 1) // 2}})


def names(pages: list[SourcePage]) -> list[str]:
    found = []
    for each in pages:
        for payload in each.payloads:
            data = payload["data"]
            if "uri" in data or "why" in data:
                found.append(data.get("uri") or f"refused: {data['what']}")
                continue
            body = data.get("feature") or data.get("source") or (data.get("view") or data.get("service"))["spec"]
            found.append(f"{payload['project']}/{body['name']}")
    return found


EVERYTHING = [
    "shop/s",
    *("lake/w", "lake/c"),
    *("shop/v0", "shop/a", "shop/b", "shop/v1", "shop/a", "shop/b", "shop/v2", "shop/a", "shop/b"),
    "shop/r",
]


def opened(url: str) -> FeastSource:
    return FeastSource(Access(url, "prod"), retries=QUICK)


def test_it_implements_the_port() -> None:
    source: SourceAdapter = FeastSource(Access("http://127.0.0.1:6572/"))
    assert (source.name, source.instance, source.identities()) == ("feast", "127.0.0.1:6572", {})
    with pytest.raises(SourceError, match="no webhooks"):
        source.subscribe("http://127.0.0.1/hook", "secret")
    source.close()


def test_everything_is_listed_in_order_and_resumes_after_every_page() -> None:
    with flaky_server(SmallFeast()) as double:
        source = opened(double.url)
        pages = list(source.pages())
        assert names(pages) == EVERYTHING
        assert [each.done for each in pages] == [False] * (len(pages) - 1) + [True]
        for number, each in enumerate(pages):
            rest = list(source.pages(each.cursor))
            assert names(rest) == names(pages[number + 1 :]), each.cursor
            assert rest[-1].done
        source.close()


def test_a_listing_restarts_where_the_cursor_is_one_of_polls() -> None:
    with flaky_server(SmallFeast()) as double:
        source = opened(double.url)
        *_, polled = source.changed_since(list(source.pages())[-1].cursor)
        assert names(list(source.pages(polled.cursor))) == EVERYTHING
        source.close()


def test_a_probe_counts_and_reports_the_version() -> None:
    with flaky_server(SmallFeast()) as double:
        source = opened(double.url)
        found = source.probe()
        source.close()
    assert (found.version, dict(found.counts)) == ("0.67.0", {"projects": 2, "feature views": 4, "feature services": 1})


def test_a_poll_reports_changes_once_and_what_ended() -> None:
    feast = SmallFeast()
    with flaky_server(feast) as double:
        source = opened(double.url)
        cursor = list(source.pages())[-1].cursor

        def polled() -> list[str]:
            nonlocal cursor
            found = list(source.changed_since(cursor))
            cursor = found[-1].cursor
            return names(found)

        assert polled() == []
        shop = feast.projects["shop"]
        changed = copy.deepcopy(shop["feature_views"][0])
        changed["spec"]["features"] = [{"name": "a", "valueType": "DOUBLE"}]
        changed["meta"] = {**META, "lastUpdatedTimestamp": "2027-11-03T00:00:00Z"}
        shop["feature_views"][0] = changed
        assert polled() == ["shop/v0", "shop/a", "mlg://feature/feast%3Aprod/shop%2Fv0%3Ab"]
        assert polled() == []
        shop["feature_services"][0]["spec"]["tags"] = {"stage": "production"}
        assert polled() == ["shop/r"]
        shop["feature_views"].pop(1)
        ended = [f"mlg://feature/feast%3Aprod/shop%2Fv1%3A{each}" for each in "ab"]
        assert polled() == [*ended, "mlg://feature_view/feast%3Aprod/shop%2Fv1"]
        assert polled() == []
        assert feast.single == ["v1"]  # Feast notes a visit for each look-up of an object that exists: there is none
        source.close()


def test_a_registry_that_was_restored_from_a_backup_is_read_as_it_is_now() -> None:
    feast = SmallFeast()
    with flaky_server(feast) as double:
        source = opened(double.url)
        cursor = list(source.pages())[-1].cursor
        older = {"createdTimestamp": "2025-11-01T00:00:00Z", "lastUpdatedTimestamp": "2025-11-01T00:00:00Z"}
        feast.projects["shop"]["data_sources"][0]["meta"] = older
        feast.projects["shop"]["feature_views"][1] = {**view("v1", "old"), "meta": older}
        ended = [f"mlg://feature/feast%3Aprod/shop%2Fv1%3A{each}" for each in "ab"]
        assert names(list(source.changed_since(cursor))) == ["shop/s", "shop/v1", "shop/old", *ended]
        source.close()


def test_times_of_a_request_source_are_no_change() -> None:
    feast = SmallFeast()
    request = {"type": "REQUEST_SOURCE", "name": "basket", "meta": META}
    feast.projects["shop"]["feature_views"][0]["spec"]["sources"] = {"basket": {"requestDataSource": request}}
    feast.projects["shop"]["feature_views"][0]["meta"] = {**META, "lastUpdatedTimestamp": "2027-11-03T00:00:00Z"}
    with flaky_server(feast) as double:
        source = opened(double.url)
        cursor = list(source.pages())[-1].cursor
        request["meta"] = {**META, "lastUpdatedTimestamp": "2026-11-30T10:00:00Z"}
        assert names(list(source.changed_since(cursor))) == []
        source.close()


def test_an_empty_answer_for_a_project_proves_nothing_but_a_look_up_does() -> None:
    feast = SmallFeast()
    with flaky_server(feast) as double:
        source = opened(double.url)
        views, feast.projects["shop"]["feature_views"] = feast.projects["shop"]["feature_views"], []
        found = source.fetch("feature_view", "shop/v0")
        assert isinstance(found, Gone)
        assert str(found.uri) == "mlg://feature_view/feast%3Aprod/shop%2Fv0"
        feast.refused.add(("shop", "feature_views"))
        with pytest.raises(SourceError, match="HTTP 403"):
            source.fetch("feature_view", "shop/v0")
        feast.refused.clear()
        feast.projects["shop"]["feature_views"] = views
        assert isinstance(source.fetch("feature", "shop/v0:b"), dict)
        assert isinstance(source.fetch("feature", "shop/v0:z"), Gone)
        assert isinstance(source.fetch("feature_service", "shop/r"), dict)
        with pytest.raises(InvalidInput, match="Feast has no 'entity'"):
            source.fetch("entity", "shop/e")
        source.close()


def test_a_registry_without_projects_is_an_error() -> None:
    feast = SmallFeast()
    feast.projects = {}
    with flaky_server(feast) as double:
        source = opened(double.url)
        for read in (source.pages, lambda: source.changed_since(None), source.inventory):
            with pytest.raises(SourceError, match="lists no project"):
                list(read())
        source.close()


def test_one_refused_listing_does_not_hide_the_others() -> None:
    feast = SmallFeast()
    with flaky_server(feast) as double:
        source = opened(double.url)
        cursor = list(source.pages())[-1].cursor
        feast.refused.add(("shop", "feature_services"))
        pages = list(source.pages())
        assert names(pages) == [*EVERYTHING[:-1], "refused: the feature services of project shop"]
        assert pages[-1].done
        assert names(list(source.changed_since(cursor))) == ["refused: the feature services of project shop"]
        assert "mlg://feature_service/feast%3Aprod/shop%2F" in {str(each) for each in source.inventory()}
        source.close()


def test_objects_that_cannot_be_interpreted_do_not_stop_the_listing() -> None:
    feast = SmallFeast()
    feast.projects["shop"]["feature_views"][0]["spec"]["features"] = [{"name": 7}]
    with flaky_server(feast) as double:
        source = opened(double.url)
        assert "shop/v1" in names(list(source.pages()))
        assert "mlg://feature_view/feast%3Aprod/shop%2Fv2" in {str(each) for each in source.inventory()}
        source.close()


@pytest.mark.parametrize("document", [{}, {"projects": 7}, {"projects": ["shop"]}, {"projects": [{}]}, {"error": "no registry"}])
def test_an_answer_of_another_server_is_an_error(document: Any) -> None:
    with flaky_server(lambda _path, _body: respond_with(document)) as double:
        source = opened(double.url)
        with pytest.raises(SourceError):
            source.probe()
        source.close()


def test_the_token_of_the_environment_is_that_of_feasts_own_clients() -> None:
    assert ambient_credentials({}) is None
    found = ambient_credentials({"FEAST_OIDC_TOKEN": "abc"})
    assert found is not None
    assert found.authorization == "Bearer abc"
    with pytest.raises(InvalidInput, match="FEAST_OIDC_TOKEN"):
        ambient_credentials({"FEAST_OIDC_TOKEN": "a\nb"})
