"""The payloads of the connector: their subject and context, and which members of Airflow's answers they have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from mlgraph.connectors.airflow.airflow_instance import AirflowInstance
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.naming.naming_context import NO_CONTEXT, NamingContext
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.uri import AssetUri

REFUSED: Final = "airflow.refused"
"""A listing that Airflow refused: {what, why}. It is no event: it is reported as an error of the source."""
_RUN: Final = ("dag_id", "dag_run_id", "logical_date", "run_after", "start_date", "end_date", "state")
_MEMBERS: Final[Mapping[str, Sequence[str]]] = MappingProxyType(
    {
        "dag": (
            *("dag_id", "is_paused", "is_stale", "relative_fileloc", "bundle_name", "description", "doc_md", "tags", "owners"),
            *("owner_links", "timetable_summary", "next_dagrun_run_after", "latest_dag_version"),
        ),
        "task": ("task_id", "owner", "doc_md", "operator_name", "trigger_rule", "is_mapped", "downstream_task_ids"),
        "asset": ("name", "uri", "group", "created_at"),
        "run": (*_RUN, "run_type", "triggered_by", "dag_versions"),
        "attempt": (*_RUN, "task_id", "try_number", "map_index", "operator"),
        "event": ("name", "uri", "timestamp"),
    }
)


def members_of(noun: str, item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of an object of Airflow that its payload has.

    The others are parameters, rendered templates, hosts and users: they may be secret, and change without a meaning.
    """
    return {key: item[key] for key in _MEMBERS[noun] if item.get(key) is not None}


def subject(payload: object) -> AssetUri | None:
    """Return the workflow that a payload describes; None for all others, and where the assets of the workflow are not known."""
    found = Located(payload)
    kind, data = found.need("type").text(), found.need("data")
    if kind == REFUSED:
        raise InvalidInput(f"{data.need('what').text()} of Airflow could not be read: {data.need('why').text()}")
    if kind not in ("airflow.dag", "airflow.task") or not (data.get("reads") and data.get("writes")):
        return None
    instance = instance_of(found)
    if kind == "airflow.dag":
        return instance.workflow(data.need("dag").need("dag_id").name())
    return instance.workflow(data.need("dag_id").name(), data.need("task").need("task_id").name())


def instance_of(payload: Located, context: NamingContext = NO_CONTEXT) -> AirflowInstance:
    """Return the installation of a payload, and the known state of its subject."""
    known = payload.get("held")
    since, state = (known.get("since"), known.get("state")) if known else (None, None)
    return AirflowInstance(
        payload.need("instance").name(),
        payload.need("namespace").name(),
        payload.need("at").time(),
        context,
        known_since=since.time() if since else None,
        known_state=state.value if state and isinstance(state.value, Mapping) else None,
        known_ended=bool(known and known.get("ended")),
    )
