import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mlgraph.connectors import unleash
from mlgraph.connectors.unleash import normalise
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.facts import AssetFact, AssetRetraction, Contact, EdgeFact, EdgeRetraction, Statement
from mlgraph.domain.naming.naming_context import NO_CONTEXT, NamingContext
from mlgraph.domain.timestamps import format_time, parse_time
from mlgraph.domain.uri import AssetUri, person_uri
from mlgraph.sources.unleash.factory import UnleashSources
from tests.connectors import suite
from tests.connectors.unleash.flag_payloads import Events, flag_payload, strategy, variant

FOLDER = Path(__file__).parent / "payloads"
PAGE = Path(__file__).parents[3] / "docs" / "connectors" / "unleash.md"
CONTEXT = NamingContext(registry="mlflow:prod")
SMALL = ("application_shop_web", "flag_banner", "flag_button")
SECRETS = ("hunter2", "tok-999", "sk-12345", "ada@example.org")
Tested = tuple[str, str, str, str | None]


def in_registry(payload: object) -> list[Statement]:
    return normalise(payload, CONTEXT)


def recorded(name: str) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))["payload"]
    return payload


def secretive() -> dict[str, Any]:
    payload = recorded("flag_ranker_test")
    feature = payload["data"]["feature"]
    feature["description"] = "see https://ci:hunter2@git.example.org/x.git, asked by ada@example.org"
    feature["links"] = [{"url": "https://wiki.example.org/?token=tok-999", "title": "api_key=sk-12345"}]
    constraint = {"contextName": "team", "operator": "IN", "values": ["ada@example.org"]}
    feature["environments"][1]["strategies"][0]["constraints"] = [constraint]
    return payload


def versions_in(statements: list[Statement]) -> list[Tested]:
    """What is tested in what, from when, until when, in the order of the starts."""
    found: list[Tested] = []
    for each in statements:
        if not isinstance(each, EdgeFact) or each.relation != "tested_in":
            continue
        assert each.valid_from is not None
        ends = [
            one.valid_to
            for one in statements
            if isinstance(one, EdgeRetraction)
            and (one.source, one.target) == (each.source, each.target)
            and one.valid_to is not None
            and one.valid_to > each.valid_from
        ]
        target = each.target.name.partition("@")[2]
        found.append((each.source.name, target, format_time(each.valid_from), format_time(min(ends)) if ends else None))
    return sorted(found, key=lambda one: one[2])


def states(statements: list[Statement], uri: str) -> list[dict[str, Any]]:
    return [dict(each.state) for each in statements if isinstance(each, AssetFact) and str(each.uri) == uri]


@pytest.mark.slow
def test_contract_suite() -> None:
    """Every single mutation; tests/connectors/test_registered.py makes random ones of all recordings."""
    recordings = [each for each in suite.load_recordings(FOLDER) if each.name in SMALL]
    connector = unleash.connector(UnleashSources())
    suite.check_all(suite.Subject(connector, in_registry, recordings, PAGE, secretive(), SECRETS))


def test_a_version_is_tested_from_the_event_that_exposes_it_until_the_event_that_ends_it() -> None:
    events = Events()
    events.create("ranker-test")
    added = events.add(
        "production", strategy("s1", [variant("a", 500, "models:/ranker/8"), variant("b", 500, "models:/ranker/9")])
    )
    on = events.switch("production", on=True)
    changed = events.change(
        "production", strategy("s1", [variant("a", 500, "models:/ranker/8"), variant("b", 500, {"model": "models:/ranker/10"})])
    )
    off = events.switch("production", on=False)
    assert added < on
    assert versions_in(in_registry(flag_payload(events))) == [
        ("ranker/8", "production/a", on, off),
        ("ranker/9", "production/b", on, changed),
        ("ranker/10", "production/b", changed, off),
    ]


@pytest.mark.parametrize(
    ("payload", "tag", "expected"),
    [
        ({"model": "models:/ranker/9"}, None, "mlflow:prod ranker/9"),
        ({"model_version": "models:/ranker/9", "colour": "blue"}, None, "mlflow:prod ranker/9"),
        ({"model": "models:/ranker@champion"}, None, "mlflow:prod ranker@champion"),
        ({"model": "mlg://model_version/sagemaker%3Aeu/ranker%2F9"}, None, "sagemaker:eu ranker/9"),
        ({"deployment": "mlg://deployment/prod/ranker-canary"}, None, "prod ranker-canary"),
        ({"model": "models:/ranker/9", "deployment": "mlg://deployment/prod/x"}, "models:/ranker/7", "mlflow:prod ranker/9"),
        ("models:/ranker/9", "models:/ranker/7", "mlflow:prod ranker/9"),
        (None, "models:/ranker/7", "mlflow:prod ranker/7"),
        ({"colour": "blue"}, "models:/ranker/7", "mlflow:prod ranker/7"),
        ({"colour": "blue"}, None, None),
        ("serve models:/ranker/9", None, None),
        ({"model": "ranker"}, None, None),
        ({"model": {"uri": "models:/ranker/9"}}, None, None),
        ({"deployment": "models:/ranker/9"}, None, None),
        ({"model": "mlg://dataset/s3%3A%2F%2Flake/x"}, None, None),
        ({"model": "models:/ranker/Production"}, None, None),
    ],
)
def test_the_first_form_of_the_convention_that_applies_counts(payload: Any, tag: str | None, expected: str | None) -> None:
    events = Events()
    events.create("f")
    if tag is not None:
        events.tag("mlflow-b", tag)
    events.add("production", strategy("s1", [variant("b", 1000, payload)]))
    events.switch("production", on=True)
    found = [each for each in in_registry(flag_payload(events)) if isinstance(each, EdgeFact) and each.relation == "tested_in"]
    assert [f"{each.source.namespace} {each.source.name}" for each in found] == ([expected] if expected else [])


def test_a_text_that_is_no_json_is_no_payload_of_type_json() -> None:
    events = Events()
    events.create("f")
    broken = {**variant("b", 1000), "payload": {"type": "json", "value": '{"model": "models:/r/1"'}}
    listed = {**variant("c", 1000), "payload": {"type": "json", "value": '["models:/r/1"]'}}
    events.add("production", strategy("s1", [broken, listed]))
    events.switch("production", on=True)
    assert versions_in(in_registry(flag_payload(events))) == []


def test_a_tag_or_a_link_without_a_variant_names_the_experiment_alone() -> None:
    for name in ("tag", "link"):
        events = Events()
        events.create("f")
        events.add("production", strategy("s1", [variant("b", 1000)]))
        on = events.switch("production", on=True)
        since = events.tag("mlflow", "models:/ranker/7") if name == "tag" else events.link("models:/ranker/7")
        assert on < since
        assert versions_in(in_registry(flag_payload(events))) == [("ranker/7", "production", since, None)]


def test_without_a_registry_nothing_is_linked_and_the_reference_stays_visible() -> None:
    statements = normalise(recorded("flag_ranker_test"), NO_CONTEXT)
    assert versions_in(statements) == []
    (*_, last) = states(statements, "mlg://variant/unleash%3Aprod/default%2Franker-test%40development%2Fchallenger")
    assert last["properties"]["references"] == ["models:/ranker/10"]


@pytest.mark.parametrize(
    "changed",
    [
        {"disabled": True},
        {"parameters": {"rollout": "0"}},
        {"variants": [variant("a", 1000, "models:/ranker/8"), variant("b", 0, "models:/ranker/9")]},
    ],
)
def test_what_no_user_can_get_is_not_tested(changed: dict[str, Any]) -> None:
    events = Events()
    events.create("f")
    events.add("production", strategy("s1", [variant("b", 1000, "models:/ranker/9")]))
    on = events.switch("production", on=True)
    after = events.change("production", {**strategy("s1", [variant("b", 1000, "models:/ranker/9")]), **changed})
    assert ("ranker/9", "production/b", on, after) in versions_in(in_registry(flag_payload(events)))


def test_the_same_variant_tests_the_versions_of_all_strategies_that_have_it() -> None:
    events = Events()
    events.create("f")
    on = events.switch("production", on=True)
    one = events.add("production", strategy("s1", [variant("b", 1000, "models:/ranker/9")]))
    two = events.add("production", strategy("s2", [variant("b", 1000, "models:/ranker/10")]))
    gone = events.remove("production", strategy("s1", [variant("b", 1000, "models:/ranker/9")]))
    assert on < one
    statements = in_registry(flag_payload(events))
    assert versions_in(statements) == [("ranker/9", "production/b", one, gone), ("ranker/10", "production/b", two, None)]


def test_a_flag_without_variants_is_an_experiment_only_by_its_type() -> None:
    for kind, count in (("release", 0), ("experiment", 1)):
        events = Events()
        events.create("f", kind=kind)
        events.add("production", {**strategy("s1", []), "parameters": {"rollout": "50"}})
        assets = {each.uri for each in in_registry(flag_payload(events)) if isinstance(each, AssetFact)}
        assert len(assets) == count, kind


def test_an_archived_flag_stays_and_tests_nothing_and_a_revived_one_is_off() -> None:
    events = Events()
    events.create("f")
    events.add("production", strategy("s1", [variant("b", 1000, "models:/ranker/9")]))
    on = events.switch("production", on=True)
    archived = events.add_event("feature-archived")
    events.add_event("feature-revived")
    again = events.switch("production", on=True)
    statements = in_registry(flag_payload(events))
    assert versions_in(statements) == [("ranker/9", "production/b", on, archived), ("ranker/9", "production/b", again, None)]
    found = [
        state["properties"]["state"] for state in states(statements, "mlg://experiment/unleash%3Aprod/default%2Ff%40production")
    ]
    assert found == ["disabled", "running", "archived", "disabled", "running"]
    assert not [each for each in statements if isinstance(each, AssetRetraction)]


def test_a_deleted_flag_ends_and_another_of_its_name_starts_from_nothing() -> None:
    statements = in_registry(recorded("flag_reused"))
    experiment = AssetUri("experiment", "unleash:prod", "default/reused@production")
    ends = {each.uri.name: each.valid_to for each in statements if isinstance(each, AssetRetraction)}
    assert set(ends) == {experiment.name, f"{experiment.name}/a", f"{experiment.name}/b"}
    starts = [each.valid_from for each in statements if isinstance(each, AssetFact) and each.uri == experiment]
    assert any(start and start > (ends[experiment.name] or 0) for start in starts)
    assert [(one[0], one[3] is None) for one in versions_in(statements)] == [("old/1", False), ("old/2", True)]


def test_a_flag_in_another_project_has_its_old_names_as_aliases() -> None:
    events = Events()
    events.create("f")
    events.add("production", strategy("s1", [variant("b", 1000, "models:/ranker/9")]))
    events.switch("production", on=True)
    moved = events.add_event("feature-project-change", data={"oldProject": "default", "newProject": "search"})
    statements = in_registry({**flag_payload(events), "instance": "prod"})
    aliases = [
        (each.source.name, each.target.name) for each in statements if isinstance(each, EdgeFact) and each.relation == "alias_of"
    ]
    assert aliases == [("default/f@production", "search/f@production"), ("default/f@production/b", "search/f@production/b")]
    ended = {each.uri.name for each in statements if isinstance(each, AssetRetraction) and each.valid_to == parse_time(moved)}
    assert ended == {"default/f@production", "default/f@production/b"}


def test_a_state_that_no_event_explains_is_valid_from_its_reading() -> None:
    events = Events()
    events.create("f")
    added = events.add("production", strategy("s1", [variant("b", 1000, "models:/ranker/9")]))
    shown = [{"name": "production", "enabled": True, "strategies": [strategy("s1", [variant("b", 1000, "models:/ranker/10")])]}]
    payload = flag_payload(events, environments=shown)
    assert added < payload["data"]["read_at"]
    assert versions_in(in_registry(payload)) == [("ranker/10", "production/b", payload["data"]["read_at"], None)]
    payload["data"]["events"] = []
    assert versions_in(in_registry(payload)) == [("ranker/10", "production/b", payload["data"]["read_at"], None)]


def test_an_unexplained_archiving_is_valid_from_its_reading() -> None:
    events = Events()
    events.create("f")
    events.add("production", strategy("s1", [variant("b", 1000, "models:/ranker/9")]))
    on = events.switch("production", on=True)
    payload = flag_payload(events)
    payload["data"]["archived"] = True
    assert versions_in(in_registry(payload)) == [("ranker/9", "production/b", on, payload["data"]["read_at"])]


def test_after_a_restore_what_is_known_ends_and_what_is_left_begins_again() -> None:
    events = Events()
    events.create("f")
    events.add("production", strategy("s1", [variant("b", 1000, "models:/ranker/9")]))
    on = events.switch("production", on=True)
    payload = flag_payload(events)
    restored = parse_time(payload["data"]["read_at"])
    payload["data"]["restored_at"] = format_time(restored)
    statements = in_registry(payload)
    assert [(one[0], one[2]) for one in versions_in(statements)] == [("ranker/9", on), ("ranker/9", format_time(restored + 1))]
    assert {each.uri.kind for each in statements if isinstance(each, AssetRetraction) and each.valid_to == restored} == {
        "experiment",
        "variant",
    }


def test_only_people_own_experiments() -> None:
    for number, expected in ((1, [str(person_uri("ada@example.org"))]), (-42, None)):
        events = Events()
        events.create("f", by="ada@example.org", user=number)
        events.add("production", strategy("s1", [variant("b", 1000)]))
        statements = in_registry(flag_payload(events))
        state = next(each.state for each in statements if isinstance(each, AssetFact))
        assert state.get("owners") == expected
        contacts = [each.mail for each in statements if isinstance(each, Contact)]
        assert contacts == (["ada@example.org"] if expected else [])


def test_values_of_constraints_that_denote_people_are_counted_only() -> None:
    events = Events()
    events.create("f")
    private = {"contextName": "userId", "operator": "IN", "values": ["ada", "grace"]}
    country = {"contextName": "country", "operator": "IN", "values": ["DE"], "inverted": True}
    events.add("production", {**strategy("s1", [variant("b", 1000)]), "constraints": [private, country]})
    (state,) = states(in_registry(flag_payload(events)), "mlg://variant/unleash%3Aprod/default%2Ff%40production%2Fb")
    (place,) = state["properties"]["strategies"]
    assert place["constraints"] == [
        {"field": "userId", "operator": "IN", "value_count": 2},
        {"field": "country", "inverted": True, "operator": "IN", "values": ["DE"]},
    ]


def test_the_counts_are_those_of_the_last_complete_hour_of_all_applications() -> None:
    events = Events()
    events.create("f")
    events.add("production", strategy("s1", [variant("b", 1000)]))
    payload = flag_payload(events, read_after=timedelta(hours=3))
    hour = events.start.replace(minute=0, second=0, microsecond=0)
    buckets = [
        (-2, "shop", "production", 7),  # of an earlier flag of that name
        (0, "shop", "production", 100),
        (1, "shop", "production", 20),
        (1, "mail", "production", 3),
        (1, "mail", "development", 9),
        (3, "shop", "production", 1),  # not complete
    ]
    payload["data"]["exposures"] = [
        {
            "timestamp": format_time(int((hour + timedelta(hours=after)).timestamp() * 1_000_000)),
            "environment": environment,
            "appName": application,
            "variants": {"b": count, "gone": 5},
        }
        for after, application, environment, count in buckets
    ]
    found = [
        each for each in in_registry(payload) if isinstance(each, AssetFact) and "exposed" in each.state.get("properties", {})
    ]
    assert [(each.uri.name, each.state["properties"]["exposed"]) for each in found] == [
        (
            "default/f@production/b",
            {
                "count": 23,
                "from": format_time(int((hour + timedelta(hours=1)).timestamp() * 1_000_000)),
                "to": format_time(int((hour + timedelta(hours=2)).timestamp() * 1_000_000)),
                "applications": {"mail": 3, "shop": 20},
            },
        )
    ]


def test_an_application_is_a_service_of_this_instance() -> None:
    (fact,) = normalise(recorded("application_shop_web"))
    assert isinstance(fact, AssetFact)
    assert str(fact.uri) == "mlg://service/unleash%3Aprod/shop-web"
    assert fact.state["properties"]["uses"] == [{"project": "default", "environments": ["production"]}]


def test_a_broken_event_costs_only_itself() -> None:
    events = Events()
    events.create("f")
    events.add("production", strategy("s1", [variant("b", 1000, "models:/ranker/9")]))
    on = events.switch("production", on=True)
    events.listed.append({"id": 99, "type": "feature-strategy-update", "createdAt": on, "environment": "production", "data": {}})
    statements = in_registry(flag_payload(events))
    assert versions_in(statements) == [("ranker/9", "production/b", on, None)]
    assert [(each.pointer, each.message) for each in suite.warnings_of(statements)] == [
        ("/data/events/3/data/id", "left out: 'id' is missing")
    ]


def test_a_refused_part_of_the_api_is_an_error_with_its_reason() -> None:
    payload = {"type": "unleash.refused", "instance": "prod", "data": {"error": "Unleash refuses its events"}}
    with pytest.raises(InvalidInput, match="Unleash refuses its events") as caught:
        normalise(payload)
    assert caught.value.pointer == "/data/error"


def test_an_unknown_type_is_refused_at_its_place() -> None:
    with pytest.raises(InvalidInput, match=r"unknown type 'unleash.segment'") as caught:
        normalise({"type": "unleash.segment", "instance": "prod", "data": {}})
    assert caught.value.pointer == "/type"
