"""Corpora of a few hundred events and some thousand facts over one set of assets."""

from __future__ import annotations

from tests.contract.producing import at
from tests.contract.serving import Json, Names, asset, edge, retract


def lines_to_send(names: Names) -> list[Json]:
    """Some thousand facts about the same assets, each with its time."""
    lines: list[Json] = []
    for number in range(1000):
        a, b = names.dataset(f"t{number}"), names.dataset(f"t{number * 7 % 1000}")
        lines += [asset(a, at(1), name=f"table {number}"), edge(a, "derives", b, at(2)), asset(a, at(3), tags=["x"])]
        if number % 10 == 0:
            lines += [retract(a, "derives", b, at=at(4)), retract(b, at=at(5 + number % 3))]
    return lines


def events_to_send(names: Names) -> list[Json]:
    return [
        {
            "eventTime": at(number / 10),
            "eventType": "COMPLETE" if number % 2 else "START",
            "run": {"runId": f"r{number // 2}"},
            "job": {"namespace": names.space, "name": f"j{number % 7}"},
            "inputs": [{"namespace": names.store, "name": f"t{number % 50}"}],
            "outputs": [{"namespace": names.store, "name": f"t{number % 33}"}],
        }
        for number in range(300)
    ]


def in_parts(lines: list[Json], size: int) -> list[list[Json]]:
    return [lines[start : start + size] for start in range(0, len(lines), size)]
