"""Teams: assets by kind, members, and neighbours over one edge."""

from __future__ import annotations

from typing import Any

import pytest

from mlgraph.domain.errors import InvalidInput, UnknownAsset
from mlgraph.services.discovery.team_overview import TeamOverview
from tests.services.parts import Json, Serving

T1, T2 = "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"
DATA, ADS, PERSON = "mlg://team/acme/data", "mlg://team/acme/ads", "mlg://person/acme/u1"
RAW, CLEAN, FREE = (f"mlg://dataset/lake/{name}" for name in ("raw", "clean", "free"))
JOB, TRAIN = "mlg://workflow/jobs/clean", "mlg://workflow/jobs/train"


def asset(uri: str, *owners: str, **more: Any) -> Json:
    return {"asset": {"uri": uri, "owners": list(owners), "valid_from": T1, **more}}


def edge(source: str, relation: str, target: str, since: str = T1) -> Json:
    return {"edge": {"source": source, "relation": relation, "target": target, "valid_from": since}}


@pytest.fixture
def teams(serving: Serving) -> TeamOverview:
    serving.store.append(
        asset(DATA, name="Data platform"),
        asset(RAW, DATA),
        asset(JOB, PERSON),
        asset(CLEAN, DATA),
        asset(TRAIN, ADS),
        asset(FREE),
        asset("mlg://dataset/lake/gone", DATA),
        {"retract": {"uri": "mlg://dataset/lake/gone"}},
        edge(PERSON, "member_of", DATA, T2),
        edge(RAW, "input_to", JOB),
        edge(JOB, "outputs", CLEAN),
        edge(CLEAN, "input_to", TRAIN),
        edge(FREE, "input_to", JOB),
        edge(RAW, "input_to", TRAIN),
    )
    serving.follow()
    return TeamOverview(serving.store.reader, serving.follower)


def test_a_team_owns_what_its_members_own(teams: TeamOverview) -> None:
    answer = teams.team(DATA)
    assert answer["name"] == "Data platform"
    assert answer["owns"] == {"dataset": 2, "workflow": 1}
    assert answer["total"] == 3
    assert (answer["members"], answer["members_total"]) == ([{"uri": PERSON, "name": "u1"}], 1)
    assert answer["depends_on"] == [{"team": None, "name": None, "assets": 1}]
    assert answer["depended_on_by"] == [{"team": ADS, "name": "ads", "assets": 1}]


def test_the_other_side_agrees(teams: TeamOverview) -> None:
    answer = teams.team(ADS)
    assert answer["owns"] == {"workflow": 1}
    assert answer["depends_on"] == [{"team": DATA, "name": "Data platform", "assets": 2}]
    assert answer["depended_on_by"] == []


def test_memberships_are_those_of_the_moment(teams: TeamOverview) -> None:
    answer = teams.team(DATA, as_of=T1)
    assert (answer["members"], answer["owns"]) == ([], {"dataset": 2})


def test_what_is_no_team_is_refused(teams: TeamOverview) -> None:
    with pytest.raises(InvalidInput, match="not a team"):
        teams.team(RAW)
    with pytest.raises(UnknownAsset):
        teams.team("mlg://team/acme/none")
