"""The connector registry of a server: the connectors of mlgraph, and those that installed packages register."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from mlgraph.connectors import airflow, dbt, feast, kubernetes, mlflow, openlineage, unleash
from mlgraph.domain.errors import MlgraphError, StartError
from mlgraph.ports.connector import Connector, ConnectorRegistry
from mlgraph.sources.airflow.factory import AirflowSources
from mlgraph.sources.dbt.target_folder import TargetFolder
from mlgraph.sources.feast.factory import FeastSources
from mlgraph.sources.kubernetes.factory import KubernetesSources
from mlgraph.sources.mlflow.factory import MlflowSources
from mlgraph.sources.unleash.factory import UnleashSources

GROUP: Final = "mlgraph.connectors"
"""The group of entry points by which a package registers its connectors; each names a `Connector`."""


def installed_connectors() -> ConnectorRegistry:
    """Return the registry of all connectors.

    Raises `StartError` if one cannot be loaded or registered, because a server without it would lose its events.
    """
    registry = ConnectorRegistry(
        [
            openlineage.CONNECTOR,
            mlflow.connector(MlflowSources()),
            feast.connector(FeastSources()),
            unleash.connector(UnleashSources()),
            dbt.connector(TargetFolder()),
            kubernetes.connector(KubernetesSources()),
            airflow.connector(AirflowSources()),
        ]
    )
    for point in _entry_points():
        try:
            found = point.load()
        except Exception as error:
            raise StartError(f"{_described(point)} cannot be loaded: {error!r}; upgrade or uninstall that package") from error
        if not isinstance(found, Connector):
            raise StartError(
                f"{_described(point)} must be a mlgraph.ports.connector.Connector, not a {type(found).__name__}; "
                "upgrade or uninstall that package"
            )
        try:
            registry.register(found)
        except MlgraphError as error:
            raise StartError(f"{_described(point)} cannot be registered: {error.detail}") from None
    return registry


def _entry_points() -> Iterator[EntryPoint]:
    """Yield the entry points in the order of their names, so that all processes have the same registry."""
    yield from sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value))


def _described(point: EntryPoint) -> str:
    package = f" of the package {point.dist.name} {point.dist.version}" if point.dist is not None else ""
    return f"the connector {point.name} ({point.value}){package}"
