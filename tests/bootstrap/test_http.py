"""Signals: how a server stops, whichever signals arrive and when."""

import logging
import signal
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette

from mlgraph.bootstrap.http import Http


class SignalWhileLogging(logging.Handler):
    """Delivers another signal while the server handles one: handlers of signals interrupt one another."""

    def __init__(self, server: Http, number: signal.Signals) -> None:
        super().__init__()
        self._server, self._number = server, number

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage() == "stopping":
            self._server.handle_exit(self._number, None)


@pytest.fixture
def server() -> Http:
    return Http(Starlette())


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    found = logging.getLogger("mlgraph.bootstrap.http")
    level, handlers = found.level, list(found.handlers)
    found.setLevel(logging.INFO)
    yield found
    found.setLevel(level)
    found.handlers = handlers


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
def test_a_sigterm_during_the_first_signal_does_not_force_the_exit(
    server: Http, logger: logging.Logger, first: signal.Signals
) -> None:
    logger.addHandler(SignalWhileLogging(server, signal.SIGTERM))
    server.handle_exit(first, None)
    assert server.should_exit
    assert not server.force_exit


@pytest.mark.parametrize(("second", "forced"), [(signal.SIGINT, True), (signal.SIGTERM, False)])
def test_a_second_sigint_forces_the_exit(server: Http, second: signal.Signals, forced: bool) -> None:
    server.handle_exit(signal.SIGINT, None)
    server.handle_exit(second, None)
    assert (server.should_exit, server.force_exit) == (True, forced)
