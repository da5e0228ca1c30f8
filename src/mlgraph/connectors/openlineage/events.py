"""The entry point of the connector: dispatch by the kind of an event."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Final

from mlgraph.connectors.openlineage.dataset_events import read_dataset_event
from mlgraph.connectors.openlineage.job_events import read_job_event
from mlgraph.connectors.openlineage.producers import producer_of
from mlgraph.connectors.openlineage.producers.producer import Producer
from mlgraph.connectors.openlineage.run_events import read_run_event
from mlgraph.domain.facts import Statement
from mlgraph.domain.naming.naming_context import NO_CONTEXT, NamingContext
from mlgraph.domain.payloads.payload import EventDocument, Located

_READERS: Final = MappingProxyType[str, Callable[[Located, Producer], list[Statement]]](
    {"RunEvent": read_run_event, "JobEvent": read_job_event, "DatasetEvent": read_dataset_event}
)
_SHAPES: Final = (("run", "RunEvent"), ("job", "JobEvent"), ("dataset", "DatasetEvent"))


def normalise(event: object, context: NamingContext = NO_CONTEXT) -> list[Statement]:
    """Return the statements of one decoded OpenLineage event, with a warning for each detail that cannot be read.

    Facts have the origin `openlineage` and are valid from the event's `eventTime`. Raises `InvalidInput`, with the JSON pointer
    of the fault, only for an event without a usable time, run, job or dataset (docs/spec.md#12-details-of-events). Members that
    producers often omit (producer, schemaURL, a UUID as run id) are not required. Ambiguous namespaces (`default`, `file`,
    `localhost`) get the scope of the sender as prefix; without a scope they are unchanged.
    """
    root = EventDocument(event)
    kind = _kind_of(root)
    statements = _READERS[kind](root, producer_of(root, context.scope))
    return [*statements, *root.collector.all()] if len(root.collector) else statements


def _kind_of(event: Located) -> str:
    """Return the kind of an event, from the fragment of `schemaURL` or else from its members (OpenLineage 2-0-2)."""
    event.mapping()
    schema = event.typed("schemaURL", str)
    named = schema.text().rpartition("#")[2].rpartition("/")[2] if schema else ""
    if event.get("eventType"):
        event.need("run")
    if named in _READERS and (named != "RunEvent" or event.get("run")):
        return named
    shape = next((kind for key, kind in _SHAPES if event.get(key)), None)
    if shape is None:
        event.fail("is not an OpenLineage event: it has neither 'run' nor 'job' nor 'dataset'")
    return shape
