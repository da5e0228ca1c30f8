"""Random histories over HTTP: the answers are the naive model's, and an export elsewhere gives the same answers and bytes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract import told_histories
from tests.contract.serving import Api, Process
from tests.contract.told_histories import History, disagreements

HISTORIES = 40
QUESTIONS = 25


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Api, list[History]]]:
    """A server that was told many histories, piece by piece, mixed and with repetitions."""
    process = Process("--data", str(tmp_path_factory.mktemp("told") / "data"))
    api = Api(process.url)
    all_told = []
    for number in range(HISTORIES):
        rng = random.Random(f"history {number}")
        make = told_histories.of_facts if number % 2 else told_histories.of_events
        all_told.append(make(number, rng))
        all_told[-1].tell(api, rng)
    yield api, all_told
    api.close()
    process.stop()


def test_answers_are_those_of_the_naive_model(told: tuple[Api, list[History]]) -> None:
    api, all_told = told
    wrong = [
        f"history {history.number}: {each}"
        for history in all_told
        for each in disagreements(history, api, random.Random(history.number), QUESTIONS)
    ]
    assert wrong == []


def test_an_export_elsewhere_gives_the_same_bytes_and_answers(
    told: tuple[Api, list[History]], fresh: Api, tmp_path: Path
) -> None:
    api, all_told = told
    first = api.export()
    lines = first.splitlines()
    random.Random(1).shuffle(lines)
    for start in range(0, len(lines), 400):
        fresh.taken(*lines[start : start + 400])
    second = fresh.export()
    (tmp_path / "first").write_bytes(first)
    (tmp_path / "second").write_bytes(second)
    assert sorted(second.splitlines()) == sorted(first.splitlines())
    assert second == first
    wrong = [
        f"history {history.number}: {each}"
        for history in all_told
        for each in disagreements(history, fresh, random.Random(-history.number), QUESTIONS)
    ]
    assert wrong == []
