"""Names of origins by number: most numbers below the greatest one belong to no origin."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from mlgraph.domain.history import CURATED_ORIGIN
from mlgraph.services.common.origin_names import Origins


class Reader:
    """The origins of a store."""

    def __init__(self, names: dict[int, str]) -> None:
        self.names = names

    def origins(self) -> dict[int, str]:
        return self.names


def origins(names: dict[int, str], rules: dict[int, str]) -> Origins:
    reader: Any = Reader(names)
    return Origins(reader, rules)


def test_each_number_has_its_name_in_json_and_its_alphabetical_rank() -> None:
    names = {1: "openlineage", 2: 'a "quoted" ä', CURATED_ORIGIN: "mlgraph"}
    rules = {CURATED_ORIGIN + 1: "rule:z", CURATED_ORIGIN + 3: "rule:b"}
    found = origins(names, rules).upto(2)
    offsets, data = found.names.offsets.tolist(), found.names.data.tobytes()
    texts = [data[start:end].decode() for start, end in pairwise(offsets)]
    assert len(texts) == len(found.rank) == CURATED_ORIGIN + 4
    named = {**names, **rules}
    expected = {**named, 2: r"a \"quoted\" ä"}
    assert texts == [f'"{expected.get(number, "")}"' for number in range(len(texts))]
    assert sorted(found.rank.tolist()) == list(range(len(texts)))
    assert sorted(named, key=lambda number: int(found.rank[number])) == sorted(named, key=named.__getitem__)


def test_a_number_of_the_store_that_is_not_cached_is_read() -> None:
    names = {1: "openlineage"}
    cached = origins(names, {})
    with pytest.raises(LookupError):
        cached.cached(1)
    assert cached.upto(1) is cached.cached(1)
    names[2] = "mlflow"
    with pytest.raises(LookupError):
        cached.cached(2)
    assert len(cached.upto(2).rank) == 3
