import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from typer.testing import CliRunner

from mlgraph.cli.main import app
from tests.api.services_double import Double
from tests.api.serving import serving


@dataclass
class Outcome:
    """Exit code and output of a command."""

    code: int
    out: str
    err: str
    body: bytes

    @property
    def printed(self) -> dict[str, object]:
        printed: dict[str, object] = json.loads(self.body)
        return printed


Run = Callable[..., Outcome]


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[Double, str]]:
    double = Double()
    with serving(double) as port:
        yield double, f"http://127.0.0.1:{port}"


@pytest.fixture
def double(shared: tuple[Double, str]) -> Double:
    double, _ = shared
    double.__init__()  # type: ignore[misc]  # reset for each test; the server is shared
    return double


@pytest.fixture
def run(request: pytest.FixtureRequest, shared: tuple[Double, str], monkeypatch: pytest.MonkeyPatch) -> Run:
    request.getfixturevalue("double")  # reset for this test
    monkeypatch.setenv("MLGRAPH_URL", shared[1])
    monkeypatch.delenv("MLGRAPH_TOKEN", raising=False)

    def call(*arguments: str, stdin: bytes | None = None) -> Outcome:
        result = CliRunner().invoke(app, list(arguments), input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Outcome(result.exit_code, result.stdout, result.stderr, result.stdout_bytes)

    return call
