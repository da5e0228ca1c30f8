"""A start logs the compilation of kernels, and logs nothing when it loads them from the cache."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import numba
import pytest
from numba.core import config
from numba.core.event import install_listener

from mlgraph.bootstrap import kernels
from mlgraph.bootstrap.kernels import Compilations


@pytest.fixture
def fresh_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Callable[[int], int]]:
    """Make the same function as a new process would see it, cached in a directory that is empty at first."""
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))

    def added(number: int) -> int:
        return number + 1

    def make() -> Callable[[int], int]:
        compiled: Callable[[int], int] = numba.njit(cache=True)(added)
        return compiled

    return make


def logged_while(caplog: pytest.LogCaptureFixture, kernel: Callable[[int], int], *numbers: float) -> list[str]:
    caplog.clear()
    compilations = Compilations()
    with caplog.at_level(logging.INFO), install_listener("numba:compile", compilations):
        for number in numbers:
            kernel(number)  # type: ignore[arg-type] # each type of argument is compiled for itself
        compilations.finish()
    return [record.getMessage() for record in caplog.records if record.name == kernels.__name__]


def test_compilation_is_logged_once_and_counted_and_loading_is_not(
    fresh_kernel: Callable[[], Callable[[int], int]], caplog: pytest.LogCaptureFixture
) -> None:
    announced, done = logged_while(caplog, fresh_kernel(), 1, 1.5)
    assert announced.startswith("compiling graph kernels (once;")
    assert done.startswith("compiled graph kernels: 2 in ")
    context = caplog.records[-1].__dict__["context"]
    assert context["kernels"] == 2
    assert 0 < context["seconds"] < 60
    assert logged_while(caplog, fresh_kernel(), 1, 1.5) == []
