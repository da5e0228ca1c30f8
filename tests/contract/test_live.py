"""The versions that serve each service: by team, and under every name of a service and a deployment."""

from __future__ import annotations

from tests.contract.producing import at
from tests.contract.serving import Api, Names, asset, edge


def test_live_of_a_team(api: Api, names: Names) -> None:
    search, feed, unowned = (names.of("service", name) for name in ("search", "feed", "unowned"))
    ads, member = names.of("team", "ads"), names.of("person", "member")
    api.taken(
        asset(search, at(1), owners=[ads]),
        asset(feed, at(1), owners=[member]),
        asset(unowned, at(1)),
        edge(member, "member_of", ads, at(3)),
    )

    def teams(**query: str) -> dict[str, str | None]:
        return {
            each["uri"]: each["team"] for each in api.ask("live", **query)["services"] if each["uri"] in (search, feed, unowned)
        }

    assert teams() == {search: ads, feed: ads, unowned: None}
    assert teams(team=ads) == {search: ads, feed: ads}
    assert teams(team=ads, as_of=at(2)) == {search: ads}
    assert teams(team=ads, service=unowned) == {}
    assert api.get("live", team=names.of("team", "unheard")).status_code == 404


def test_live_knows_a_service_and_a_deployment_by_every_name(api: Api, names: Names) -> None:
    old, new, version = names.of("service", "old"), names.of("service", "new"), names.of("model_version", "m/1")
    blue, canary = names.of("deployment", "blue"), names.of("deployment", "canary")
    api.taken(
        asset(old, at(1), name="Old"),
        edge(version, "deployed_as", blue, at(1)),
        edge(blue, "serves", old, at(1)),
        asset(blue, at(1), properties={"weight": 0.5}),
        edge(old, "alias_of", new, at(5)),
        edge(blue, "alias_of", canary, at(5)),
    )
    for minute, service, deployment in ((3, old, blue), (6, new, canary)):
        for uri in (old, new):
            (output,) = api.ask("live", service=uri, as_of=at(minute))["services"]
            assert output["uri"] == service
            assert [(d["uri"], d["weight"], d["versions"][0]["uri"]) for d in output["deployments"]] == [
                (deployment, 0.5, version)
            ]
        listed = [each["uri"] for each in api.ask("live", as_of=at(minute))["services"]]
        assert [uri for uri in listed if uri in (old, new)] == [service]
