"""A clock that is set back, and two servers whose clocks differ: recorded times stay in order and no fact is hidden."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlgraph.domain import clock
from mlgraph.domain.clock import Clock
from mlgraph.domain.timestamps import format_time, parse_time
from mlgraph.services.common.identity import LOCAL
from tests.services.parts import Json, Serving, Store

NOON = parse_time("2026-03-01T12:00:00Z")
HOUR_US = 3_600_000_000
A, B = "mlg://dataset/clock/a", "mlg://dataset/clock/b"


class Wall:
    """A machine's clock, set by hand."""

    def __init__(self, moment_us: int) -> None:
        self.moment_us = moment_us

    def __call__(self) -> int:
        self.moment_us += 1  # time passes between two readings
        return self.moment_us * 1000


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    wall_clock = Wall(NOON)
    monkeypatch.setattr(clock, "clock", Clock(wall_clock))
    return wall_clock


def send(serving: Serving, *lines: Json) -> Json:
    answer: Json = serving.intake.facts([json.dumps(line).encode() for line in lines], LOCAL)
    assert answer["rejected"] == []
    serving.follow()
    return answer


def edge(**fields: Any) -> Json:
    return {"edge": {"source": A, "relation": "derives", "target": B, **fields}}


def is_valid(serving: Serving) -> bool:
    """Return whether current answers have the edge."""
    if serving.follower.snapshot().watermark == 0:
        return False
    return bool(serving.lineage(A)["edges"])


def test_new_facts_are_in_current_answers_after_the_clock_was_set_back(serving: Serving, wall: Wall) -> None:
    send(serving, {"asset": {"uri": A, "name": "first"}})
    for number, jump_us in enumerate((0, -HOUR_US, -24 * HOUR_US, HOUR_US, -300 * 24 * HOUR_US)):
        wall.moment_us += jump_us
        send(serving, edge(properties={"number": number}))
        assert is_valid(serving)
        send(serving, {"asset": {"uri": A, "name": f"name {number}"}})
        assert serving.queries.asset(A)["name"] == f"name {number}"
        send(serving, {"retract": {"source": A, "relation": "derives", "target": B}})
        assert not is_valid(serving)
    exported = [json.loads(line) for line in serving.export()]  # the states of an asset are in chronological order
    reported = [line["asset"]["name"] for line in exported if "asset" in line]
    assert reported == ["first", *(f"name {number}" for number in range(5))]


def test_recorded_times_and_default_valid_times_never_decrease(serving: Serving, store: Store, wall: Wall) -> None:
    for number in range(6):
        wall.moment_us -= HOUR_US
        send(serving, {"asset": {"uri": A, "name": f"{number}"}}, edge(properties={"number": number}))
    recorded = [row[0] for row in store.query("SELECT recorded_at FROM tx ORDER BY tx")]
    assert recorded == sorted(recorded)
    assert recorded[0] >= NOON - HOUR_US
    valid_from = [row[0] for row in store.query("SELECT valid_from FROM asset_fact ORDER BY tx")]
    assert valid_from == sorted(set(valid_from))
    assert serving.queries.asset(A)["name"] == "5"


def test_a_server_with_a_slow_clock_includes_facts_of_a_server_with_a_fast_one(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    clocks = [Clock(Wall(NOON + HOUR_US)), Clock(Wall(NOON))]
    servers = [Serving(store), Serving(store)]
    for is_fast in (True, False):
        monkeypatch.setattr(clock, "clock", clocks[not is_fast])
        server = servers[not is_fast]
        server.follow()
        assert is_valid(server) is not is_fast
        if is_fast:
            send(server, {"asset": {"uri": A}}, edge())
            assert is_valid(server)
        else:
            assert parse_time(server.queries.lineage(A)["as_of"]) >= NOON + HOUR_US
            send(server, {"retract": {"source": A, "relation": "derives", "target": B}})
            assert not is_valid(server)
    monkeypatch.setattr(clock, "clock", clocks[0])
    servers[0].follow()
    assert not is_valid(servers[0])


def test_a_restart_after_the_clock_was_set_back_hides_nothing(
    serving: Serving, store: Store, wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(serving, {"asset": {"uri": A}}, edge())
    wall.moment_us -= 5 * HOUR_US
    monkeypatch.setattr(clock, "clock", Clock(wall))  # a new process has not seen any recorded time
    again = Serving(store)
    again.follow()
    assert is_valid(again)


def test_an_edge_that_ends_before_it_can_begin_is_dropped(
    serving: Serving, store: Store, wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(serving, {"asset": {"uri": A}})
    wall.moment_us -= HOUR_US
    late = Serving(store)  # has not read the latest recorded time
    monkeypatch.setattr(clock, "clock", Clock(wall))
    answer = send(late, edge(valid_to=format_time(NOON - HOUR_US // 2)))
    assert (answer["accepted"], answer["duplicates"]) == (0, 1)
    refused = serving.intake.facts([json.dumps(edge(valid_to=format_time(NOON - HOUR_US // 2))).encode()], LOCAL)
    assert [each["pointer"] for each in refused["rejected"]] == ["/edge/valid_to"]
    exported = b"".join(late.export())
    assert b'"edge"' not in exported
