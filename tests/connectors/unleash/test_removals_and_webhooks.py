"""What Unleash does not show any more, and the deliveries of its integration."""

import json
from typing import Any

import pytest

from mlgraph.connectors.unleash import normalise
from mlgraph.connectors.unleash.removals import Removals
from mlgraph.connectors.unleash.unleash_instance import experiment_of, flag_of, variant_name
from mlgraph.connectors.unleash.webhooks import SENT_EVENTS, occurred_at, thin, verify_webhook
from mlgraph.domain.errors import InvalidInput, NotJson, SourceError, Unauthorized
from mlgraph.domain.facts import AssetRetraction
from mlgraph.domain.timestamps import parse_time
from mlgraph.domain.uri import AssetUri


def test_names_lead_from_a_variant_to_its_experiment_and_flag() -> None:
    variant_uri = AssetUri("variant", "unleash:prod", "default/f@production/b")
    assert experiment_of(variant_uri) == AssetUri("experiment", "unleash:prod", "default/f@production")
    assert (flag_of(variant_uri), variant_name(variant_uri)) == ("default/f", "b")
    assert flag_of(AssetUri("experiment", "unleash:prod", "default/f")) is None
    assert flag_of(AssetUri("service", "unleash:prod", "a@b")) is None


NAMES = "unleash:prod"
EXPERIMENT = AssetUri("experiment", NAMES, "default/f@production")
OTHER = AssetUri("experiment", NAMES, "default/g@production")


def known(*experiments: AssetUri) -> dict[AssetUri, dict[str, Any]]:
    return {one: {"properties": {"variants": ["b"]}} for one in experiments}


def listed(*flags: str) -> set[AssetUri]:
    return {AssetUri("experiment", NAMES, flag) for flag in flags}


def test_a_flag_that_is_not_listed_is_missing_with_its_experiments() -> None:
    variants = {experiment: AssetUri("variant", NAMES, f"{experiment.name}/b") for experiment in (EXPERIMENT, OTHER)}
    states_now = {**known(EXPERIMENT, OTHER), **{one: {} for one in variants.values()}}
    found = Removals().departures("prod", states_now, listed("default/g"), {}, 0)
    assert [each.uri for each in found] == [EXPERIMENT, variants[EXPERIMENT]]
    assert Removals().source_key(EXPERIMENT) == ("flag", "default/f")
    assert Removals().departures("other", known(EXPERIMENT), listed("default/g"), {}, 0) == []


def test_no_flags_at_all_is_no_proof_that_all_were_deleted() -> None:
    with pytest.raises(SourceError, match="lists no flags, although 2 experiments of it are known: nothing of them ends"):
        Removals().departures("prod", known(EXPERIMENT, OTHER), set(), {}, 0)
    assert Removals().departures("prod", {}, set(), {}, 0) == []


def test_a_variant_that_its_experiment_lacks_has_ended() -> None:
    listed_one, gone = (AssetUri("variant", NAMES, f"default/f@production/{name}") for name in ("b", "lost"))
    orphan = AssetUri("variant", NAMES, "default/g@production/b")
    states_now = {**known(EXPERIMENT), listed_one: {}, gone: {}, orphan: {}}
    found = Removals().departures("prod", states_now, listed("default/f"), {}, 0)
    assert [each.uri for each in found] == [gone, orphan]
    assert {Removals().source_key(one) for one in (gone, orphan)} == {None}


def test_a_deletion_ends_the_asset() -> None:
    at = parse_time("2026-11-22T00:00:00Z")
    assert normalise(Removals().deleted(EXPERIMENT, at)) == [AssetRetraction(EXPERIMENT, "unleash", at)]


EVENT = {"id": 7, "type": "feature-archived", "createdAt": "2026-11-22T00:00:00.5Z", "featureName": "f", "project": "default"}


@pytest.mark.parametrize("header", ["s3cret", "Bearer s3cret", "bearer  s3cret "])
def test_a_webhook_with_the_secret_is_the_event(header: str) -> None:
    event = verify_webhook({"Authorization": header}, json.dumps(EVENT).encode(), "s3cret", 0)
    assert (thin(event), occurred_at(event)) == (("flag", "default/f"), parse_time("2026-11-22T00:00:00.5Z"))


@pytest.mark.parametrize("header", [None, "", "wrong", "Bearer", "Basic s3cret", "s3cret\u00e9", "s3cre"])
def test_a_webhook_without_the_secret_is_refused(header: str | None) -> None:
    headers = {} if header is None else {"authorization": header}
    with pytest.raises(Unauthorized, match="header Authorization"):
        verify_webhook(headers, json.dumps(EVENT).encode(), "s3cret", 0)


def test_a_webhook_with_the_secret_and_no_event_is_refused() -> None:
    with pytest.raises(NotJson):
        verify_webhook({"authorization": "s3cret"}, b"{", "s3cret", 0)
    with pytest.raises(InvalidInput):
        verify_webhook({"authorization": "s3cret"}, b"[]", "s3cret", 0)
    with pytest.raises(InvalidInput):
        thin({})


def test_events_that_change_nothing_in_the_graph_name_no_flag() -> None:
    assert thin({**EVENT, "type": "user-created"}) is None
    assert thin({**EVENT, "featureName": None}) is None
    assert {"feature-archived", "feature-strategy-update", "feature-environment-disabled"} < set(SENT_EVENTS)
