"""The entrance: which kind of event it is, and who reads it."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Final

from mlgraph.connectors.openlineage.dataset_events import read_dataset_event
from mlgraph.connectors.openlineage.job_events import read_job_event
from mlgraph.connectors.openlineage.name_resolver import NameResolver
from mlgraph.connectors.openlineage.run_events import read_run_event
from mlgraph.domain.facts import Statement
from mlgraph.domain.payload import Located

_READERS: Final = MappingProxyType[str, Callable[[Located, NameResolver], list[Statement]]](
    {"RunEvent": read_run_event, "JobEvent": read_job_event, "DatasetEvent": read_dataset_event}
)
_SHAPES: Final = (("run", "RunEvent"), ("job", "JobEvent"), ("dataset", "DatasetEvent"))


def normalise(event: object, scope: str | None = None) -> list[Statement]:
    """Return what one decoded OpenLineage event says.

    Facts carry the origin `openlineage` and hold from the event's `eventTime`. Raises `InvalidInput` with the
    JSON pointer of what is wrong. What producers often leave out (producer, schemaURL, a UUID as
    run id) is not asked for. Namespaces that mean nothing by themselves (`default`, `file`, `localhost`) are scoped by
    `scope`, the source that sent the event; without one they stand.
    """
    root = Located(event)
    return _READERS[_kind_of(root)](root, NameResolver(scope))


def _kind_of(event: Located) -> str:
    """Return the kind that the fragment of `schemaURL` names, or else the shape shows (OpenLineage 2-0-2)."""
    schema = event.get("schemaURL")
    named = schema.text().rpartition("#")[2].rpartition("/")[2] if schema else ""
    if event.get("eventType"):
        event.need("run")
    if named in _READERS:
        return named
    shape = next((kind for key, kind in _SHAPES if event.get(key)), None)
    if shape is None:
        event.fail("is no OpenLineage event: it has neither 'run' nor 'job' nor 'dataset'")
    return shape
