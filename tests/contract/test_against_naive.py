"""Random histories over HTTP: answers equal those of the naive model, also after an import of the export elsewhere."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract import generated_histories
from tests.contract.generated_histories import History, disagreements
from tests.contract.serving import Api, Process

HISTORIES = 40
QUERIES = 25


@pytest.fixture(scope="module")
def loaded_histories(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Api, list[History]]]:
    """A server that received many histories in small pieces, mixed and with repetitions."""
    process = Process("--data", str(tmp_path_factory.mktemp("histories") / "data"))
    api = Api(process.url)
    every_history = []
    for number in range(HISTORIES):
        rng = random.Random(f"history {number}")
        make = generated_histories.of_facts if number % 2 else generated_histories.of_events
        every_history.append(make(number, rng))
        every_history[-1].send(api, rng)
    yield api, every_history
    api.close()
    process.stop()


def test_answers_equal_those_of_the_naive_model(loaded_histories: tuple[Api, list[History]]) -> None:
    api, every_history = loaded_histories
    wrong = [
        f"history {history.number}: {each}"
        for history in every_history
        for each in disagreements(history, api, random.Random(history.number), QUERIES)
    ]
    assert wrong == []


def test_an_export_elsewhere_gives_the_same_bytes_and_answers(
    loaded_histories: tuple[Api, list[History]], fresh: Api, tmp_path: Path
) -> None:
    api, every_history = loaded_histories
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
        for history in every_history
        for each in disagreements(history, fresh, random.Random(-history.number), QUERIES)
    ]
    assert wrong == []
