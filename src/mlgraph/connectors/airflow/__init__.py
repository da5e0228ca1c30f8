"""The Airflow connector: converts answers of the REST API of Airflow 3 to facts (docs/connectors/airflow.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from mlgraph.connectors.airflow.airflow_instance import AirflowInstance, namespace_of
from mlgraph.connectors.airflow.assets import asset_statements
from mlgraph.connectors.airflow.payloads import instance_of, subject
from mlgraph.connectors.airflow.runs import asset_event_statements, dag_run_statements, task_run_statements
from mlgraph.connectors.airflow.tool import AirflowTool, deletion_statements
from mlgraph.connectors.airflow.workflows import dag_statements, task_statements
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.facts import Statement
from mlgraph.domain.naming.naming_context import NO_CONTEXT, NamingContext
from mlgraph.domain.payloads.payload import Located
from mlgraph.ports.connector import PulledConnector
from mlgraph.ports.source_adapter import SourceFactory

__all__ = ["connector", "normalise", "subject"]

_READERS: Final[Mapping[str, Callable[[AirflowInstance, Located], list[Statement]]]] = MappingProxyType(
    {
        "airflow.asset": asset_statements,
        "airflow.dag": dag_statements,
        "airflow.task": task_statements,
        "airflow.dag_run": dag_run_statements,
        "airflow.task_run": task_run_statements,
        "airflow.asset_event": asset_event_statements,
        "airflow.deleted": deletion_statements,
    }
)


def normalise(payload: object, context: NamingContext = NO_CONTEXT) -> list[Statement]:
    """Return the statements of `payload`: {type, instance, namespace, at, data, held?}; `context` decides the names of datasets.

    `instance` is the OpenLineage namespace of the installation, so that events and answers name the same workflows and runs;
    `namespace` is the same with the scope of the source, if it is ambiguous.
    `held` is the known state of the payload's subject from this origin: {since: RFC 3339, state?, ended?}. Raises
    `InvalidInput` with the pointer of the invalid value.
    """
    found = Located(payload)
    kind = found.need("type").text()
    reader = _READERS.get(kind)
    if reader is None:
        raise InvalidInput(f"unknown type {kind[:60]!r}: the types are {', '.join(_READERS)}", pointer="/type")
    return reader(instance_of(found, context), found.need("data"))


def connector(sources: SourceFactory) -> PulledConnector:
    """Return the connector; `sources` opens connections to Airflow."""
    return PulledConnector(
        name="airflow",
        event_types=tuple(_READERS),
        kinds=("dataset", "run", "workflow"),
        relations=("alias_of", "input_to", "outputs", "part_of", "run_of"),
        redacted=("/data/dag/owners", "/data/dag/owner_links", "/data/dag/doc_md", "/data/import_error", "/data/task/owner"),
        normalise=normalise,
        complete_edges={"workflow": (("outputs",), ("input_to",))},
        mentions_in_passing=True,
        accepts_events=False,
        namespace_of=namespace_of,
        tool=AirflowTool(),
        sources=sources,
    )
