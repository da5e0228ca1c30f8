"""Pinned scenes: `as_of` and `at_least` give the same bytes until something about their time is recorded (docs/spec.md#scene)."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from tests.contract.producing import at
from tests.contract.serving import Api, Json, Names, Process, asset, edge, retract

TEAMS = 5
LAST = 12
"""The minute at which the company's last edge begins or ends."""
YEARS_LATER = "2999-01-01T00:00:00Z"


def company(names: Names, rng: random.Random, size: int) -> tuple[list[str], list[Json]]:
    """The URIs and facts of a random graph with teams, cycles, and edges that begin and end."""
    uris = [names.workflow(f"{number}") if number % 3 == 2 else names.dataset(f"{number}") for number in range(size)]
    team = [names.of("team", f"t{number}") for number in range(TEAMS)]
    facts = [asset(uri, at(0), owners=[rng.choice(team)]) for uri in uris if rng.random() < 0.8]
    for number, uri in enumerate(uris[1:], start=1):
        near = rng.randrange(max(0, number - rng.choice((3, 40))), number)
        source = uris[0] if near % 3 == number % 3 == 2 else uris[near]
        ends = (uri, source) if rng.random() < 0.05 else (source, uri)
        triple = (ends[0], relation(*ends), ends[1])
        begins = rng.randrange(LAST)
        facts.append(edge(*triple, at(begins)))
        if rng.random() < 0.3:
            facts.append(retract(*triple, at=at(begins + rng.randrange(1, LAST))))
    return uris, facts


def relation(source: str, target: str) -> str:
    """A relation that leads from one asset to the other."""
    if target.startswith("mlg://workflow"):
        return "input_to"
    return "outputs" if source.startswith("mlg://workflow") else "derives"


def pinned(api: Api, query: str) -> bytes:
    """The bytes of a scene."""
    response = api.http.get(f"/api/v1/scene?{query}")
    assert response.status_code == 200, response.text
    return response.content


def pin(api: Api, roots: list[str], rng: random.Random) -> dict[str, bytes]:
    """The queries of scenes with `as_of` and `at_least`, and their answers."""
    found = {}
    for root in roots:
        options = rng.choice(
            ({"change": "schema"}, {"direction": "upstream"}, {"direction": "both", "by": "kind"}, {"marks": 40})
        )
        query = urlencode({"uri": root, "as_of": at(rng.randrange(LAST + 2)), "at_least": api.written, **options})
        found[query] = pinned(api, query)
    return found


def recorded(api: Api, query: str) -> Json:
    """What was recorded since a pinned scene was made."""
    parameters = dict(parse_qsl(query))
    return api.ask("recorded", as_of=parameters["as_of"], after=parameters["at_least"])


@pytest.mark.parametrize("seed", range(2))
def test_a_pinned_scene_has_the_same_bytes_after_later_facts_and_a_restart(
    start: Callable[..., Process], tmp_path: Path, names: Names, seed: int
) -> None:
    rng = random.Random(seed)
    uris, facts = company(names, rng, rng.choice((60, 300)))
    data = str(tmp_path / "data")
    process = start("--data", data)
    api = Api(process.url)
    api.taken(*facts)
    scenes = pin(api, [uris[0], *rng.sample(uris, 7)], rng)
    edges = [fact["edge"] for fact in facts if "edge" in fact]
    later = [edge(uri, relation(uri, ""), names.dataset(f"later {number}"), YEARS_LATER) for number, uri in enumerate(uris)]
    ended = [retract(each["source"], each["relation"], each["target"], at=YEARS_LATER) for each in edges[:10]]
    api.taken(*later, *ended)
    for query, body in scenes.items():
        assert pinned(api, query) == body
        assert recorded(api, query)["total"] == 0
        assert recorded(api, query)["total_is"] == "exact"
        parameters = {name: value for name, value in parse_qsl(query) if name != "at_least"}
        assert api.http.get("/api/v1/scene", params=parameters).content != body, "not pinned, it has what comes later"
    api.close()
    assert process.stop() == 0
    again = Api(start("--data", data, port=urlsplit(process.url).port).url)
    assert {query: pinned(again, query) for query in scenes} == scenes
    earlier = [edge(uri, relation(uri, ""), names.dataset(f"late report {number}"), at(0)) for number, uri in enumerate(uris)]
    again.taken(*earlier)
    for query, body in scenes.items():
        assert recorded(again, query)["total"] == len(earlier)
        assert (pinned(again, query) == body) == ("direction=upstream" in query)
    again.close()


def test_what_is_about_a_later_time_is_not_counted(api: Api, names: Names) -> None:
    root = names.dataset("root")
    api.taken(edge(root, "derives", names.dataset("first"), at(1)))
    after = api.written
    api.taken(edge(root, "derives", names.dataset("second"), at(2)), edge(root, "derives", names.dataset("third"), YEARS_LATER))
    found = api.ask("recorded", as_of=at(1), after=after)
    assert (found["total"], found["total_is"], found["as_of"], found["after"]) == (1, "exact", at(1), after)
    assert found["until"] > at(2), "the time until the watermark was recorded belongs to the answer"
    assert api.ask("recorded", as_of="2999-06-01T00:00:00Z", after=after)["total"] == 2
    assert api.ask("recorded", as_of=at(1), after=api.written)["total"] == 0
    assert api.get("recorded", as_of="yesterday", after=after).status_code == 422
    assert api.get("recorded", as_of=at(1)).status_code == 422
