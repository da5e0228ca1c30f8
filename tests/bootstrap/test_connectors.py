"""Connectors of installed packages are registered; one that cannot be loaded ends the start with the name of its package."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mlgraph.bootstrap.connectors import installed_connectors
from mlgraph.domain.errors import StartError
from tests.connectors import page

Install = Callable[[str | None], Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Installs a module as the connector of the page, for this process."""

    def put(module: str | None) -> Path:
        folder = page.install(tmp_path / "packages", module)
        monkeypatch.syspath_prepend(folder)
        monkeypatch.delitem(sys.modules, page.MODULE, raising=False)
        return folder

    return put


def test_connectors_of_mlgraph_and_of_installed_packages_are_registered(install: Install) -> None:
    assert [each.name for each in installed_connectors()] == [
        "openlineage",
        "mlflow",
        "feast",
        "unleash",
        "dbt",
        "kubernetes",
        "airflow",
    ]
    install(None)
    registry = installed_connectors()
    assert [each.name for each in registry] == [
        "openlineage",
        "mlflow",
        "feast",
        "unleash",
        "dbt",
        "kubernetes",
        "airflow",
        "toy",
    ]
    assert registry.formats == ("openlineage", "dbt", "kubernetes", "toy")
    assert registry.tools == ("mlflow", "feast", "unleash", "kubernetes", "airflow")
    assert registry.in_passing == {"openlineage", "mlflow", "feast", "airflow", "toy"}


@pytest.mark.parametrize(
    ("module", "message"),
    [
        ("import nothing_of_this_name\n", r"cannot be loaded: ModuleNotFoundError.*upgrade or uninstall"),
        ("CONNECTION = 1\n", r"cannot be loaded: AttributeError"),
        ("CONNECTOR = 'toy'\n", r"must be a mlgraph.ports.connector.Connector, not a str"),
        (page.source().replace('name="toy"', 'name="mlflow"'), r"a connector 'mlflow' is registered already"),
        (
            page.source().replace('"run_of", "input_to"', '"run_off", "input_to"'),
            r"unknown relation 'run_off'; did you mean 'run_of'",
        ),
        (page.source().replace("org.example.toy.", "io.openlineage.toy."), r"claimed by 'openlineage' already"),
    ],
)
def test_a_connector_that_cannot_be_loaded_ends_the_start(install: Install, module: str, message: str) -> None:
    install(module)
    with pytest.raises(StartError, match=message) as caught:
        installed_connectors()
    assert "the connector toy (toy_connector:CONNECTOR) of the package toy-connector 1.0" in caught.value.detail
