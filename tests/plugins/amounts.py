"""Tests that compare many random cases: few of them in every run, many in `make test-slow`.

`amounts(few, many)` makes two tests of one: `[few]`, of the level of its folder, and `[many]`, which is slow. A test that draws
its cases itself takes the fixture `seeds`; one of Hypothesis gets that number of examples.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest
from hypothesis import is_hypothesis_test, settings

_SETTINGS = "_hypothesis_internal_use_settings"
"""Where Hypothesis keeps the settings of a test; it has no public function to change them after the decoration."""
Test = TypeVar("Test", bound=Callable[..., None])


def amounts(few: int, many: int, *, known_fault: str | None = None) -> Callable[[Test], Test]:
    """Return a decorator, the outermost one of a test. `known_fault`: what some of the many cases show and is not mended yet."""
    marks = [pytest.mark.slow]
    if known_fault is not None:
        marks.append(pytest.mark.xfail(reason=known_fault, strict=False))
    levels = [pytest.param(few, id="few"), pytest.param(many, id="many", marks=marks)]

    def decorate(test: Test) -> Test:
        varied: Test = pytest.mark.usefixtures("amount")(pytest.mark.parametrize("amount", levels, indirect=True)(test))
        return varied

    return decorate


@pytest.fixture
def amount(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """The number of cases of this test."""
    number: int = request.param
    if is_hypothesis_test(request.function):
        monkeypatch.setattr(request.function, _SETTINGS, settings(getattr(request.function, _SETTINGS), max_examples=number))
    return number


@pytest.fixture
def seeds(amount: int) -> range:
    """Seeds of the cases of this test: the few are the first of the many."""
    return range(amount)
