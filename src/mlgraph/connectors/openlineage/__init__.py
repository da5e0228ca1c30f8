"""The OpenLineage connector: converts events of any producer to facts (docs/connectors/openlineage.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mlgraph.connectors.openlineage.events import normalise
from mlgraph.connectors.openlineage.setup import SETUP
from mlgraph.ports.connector import Connector

__all__ = ["CONNECTOR", "normalise"]


def _event_id(event: Mapping[str, Any]) -> str:
    """Return a text by which people recognise an event: its type and the id of its run."""
    run = event.get("run")
    run_id = run.get("runId") if isinstance(run, dict) else None
    return f"{event.get('eventType') or ''} {run_id or ''}".strip() or "event"


CONNECTOR: Final = Connector(
    name="openlineage",
    event_types=("RunEvent", "JobEvent", "DatasetEvent"),
    kinds=("dataset", "column", "feature_view", "feature_service", "run", "workflow"),
    relations=("input_to", "outputs", "run_of", "part_of", "derives", "alias_of"),
    redacted=(
        "members with a secret's name, at any depth of a facet",
        "name-value pairs with a secret's name (environment variables, properties, tags)",
        "`user:password@` in namespaces and names",
        "passwords and tokens inside URLs",
        "`secret=value` inside texts, lists and command lines",
        "mail addresses, and members that name an owner or a user",
    ),
    normalise=normalise,
    redacts=True,
    event_id=_event_id,
    mentions_in_passing=True,
    cloudevent_types=("io.openlineage.", "openlineage."),
    setup=SETUP,
    quick_bytes=32 * 1024,
)
