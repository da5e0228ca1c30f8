"""Run events: one observed state of a run, with its inputs and outputs so far."""

from __future__ import annotations

from typing import Any, Final

from mlgraph.connectors.openlineage.dataset_facets.lineage import read_entries
from mlgraph.connectors.openlineage.facets import Facets
from mlgraph.connectors.openlineage.inputs_outputs import ProcessNode, read_sides, read_states
from mlgraph.connectors.openlineage.jobs import read_job
from mlgraph.connectors.openlineage.producers.producer import EventContent, Producer
from mlgraph.connectors.openlineage.runs import read_parent, read_run_facets
from mlgraph.connectors.openlineage.statement_builder import StatementBuilder
from mlgraph.domain.facts import RUN_TERMINAL_STATES, Mode, Statement
from mlgraph.domain.history import merge
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.text.suggestions import did_you_mean
from mlgraph.domain.timestamps import format_time

_STATES: Final = ("START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER")


def read_run_event(event: Located, names: Producer) -> list[Statement]:
    """Return the run and its workflow, and the edges between them, their parents, datasets and columns."""
    reports = names.reports(event)
    if reports is EventContent.NOTHING:
        return []
    if reports is EventContent.STATE:
        return _read_state(event, names)
    run_object, job_object = event.need("run"), event.need("job")
    run = names.run(job_object, run_object)
    draft = StatementBuilder(event.need("eventTime").reported_time(), names)
    properties: dict[str, Any] = {"state": _state(event)}
    if properties["state"] == "START":
        properties["started_at"] = format_time(draft.at)
    if properties["state"] in RUN_TERMINAL_STATES:
        properties["ended_at"] = format_time(draft.at)
    job = read_job(job_object, draft)
    if job.code_version:
        properties["code_version"] = job.code_version
    facets = Facets(run_object)
    read_parent(run, job.uri, facets, draft)
    entries = read_entries(names, facets.take("lineage"), job.lineage)
    if reports is EventContent.CHECK:
        read_states(event, "inputs", draft)
    else:
        sides = read_sides(event, ProcessNode(run, run, Mode.PATCH), entries, draft)
        properties["sides"] = dict.fromkeys(sides, True)
    draft.asset(run, merge({"properties": properties}, read_run_facets(facets, draft)))
    draft.edge(run, "run_of", job.uri, {"state": properties["state"]})
    for name in names.other_run_names(event):
        draft.edge(name, "alias_of", run)
    return draft.statements()


def _read_state(event: Located, names: Producer) -> list[Statement]:
    """Return the facts about the datasets of an event that reports no run."""
    draft = StatementBuilder(event.need("eventTime").reported_time(), names)
    for side in ("inputs", "outputs"):
        read_states(event, side, draft)
    return draft.statements()


def _state(event: Located) -> str:
    found = event.get("eventType")
    if found is None or found.value in _STATES:
        return "OTHER" if found is None else str(found.value)
    if isinstance(found.value, str):
        hint = did_you_mean(found.value.upper(), _STATES, f"one of {', '.join(_STATES)}", quoted=False)
        found.warn(f"unknown eventType {found.value[:60]!r}, read as OTHER; {hint}")
    else:
        found.warn("the eventType is no string, read as OTHER")
    return "OTHER"
