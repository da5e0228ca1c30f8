"""Gaps of coverage: what is not known of a version that serves, why, and the line that mends it.

A line is for a shell, or for the program that trains the model. What only the reader knows stands in angle brackets: no call
accepts them, so that a line that is pasted as it is changes nothing.
"""

from __future__ import annotations

import json
from typing import Final, Literal, NamedTuple

Missing = Literal["dataset", "owner", "commit", "evaluation", "experiment", "reference"]
_DATASET: Final = "mlg://dataset/<NAMESPACE>/<NAME>"
_RUN: Final = "mlg://run/<NAMESPACE>/<RUN>"
_COMMIT: Final = "mlg://commit/<REPOSITORY>/<SHA>"


class Gap(NamedTuple):
    """What a version, or a thing that should name one, lacks: the reason, and the line that mends it."""

    missing: Missing
    reason: str
    fix: str


def dataset_gap(version: str, producer: str | None, remedy: str | None) -> Gap:
    """Return the gap of a version that no dataset leads to.

    `producer`: the first run or workflow that made it; `remedy`: the line of the tool that it is registered in.
    """
    if producer is None:
        made, read = _edge(_RUN, "outputs", version), _edge(_DATASET, "input_to", _RUN)
        return Gap("dataset", "no run or workflow is known that made it", _ingest(read, made))
    reason = f"no dataset is known that led to {producer}, which made it"
    return Gap("dataset", reason, remedy or _ingest(_edge(_DATASET, "input_to", producer)))


def owner_gap(version: str, model: str | None) -> Gap:
    """Return the gap of a version that has no owner, nor has its model."""
    reason = "nobody owns it, nor its model" if model else "nobody owns it, and no model is known of which it is a version"
    return Gap("owner", reason, f"mlgraph annotate '{model or version}' --owner '<TEAM>'")


def commit_gap(version: str, producer: str | None, remedy: str | None) -> Gap:
    """Return the gap of a version of which the code is not known; `producer` and `remedy` as those of `dataset_gap`."""
    if producer is None:
        made, read = _edge(_RUN, "outputs", version), _edge(_COMMIT, "input_to", _RUN)
        return Gap("commit", "no run or workflow is known that made it", _ingest(read, made))
    reason = f"no commit led to {producer}, which made it, and nothing that made it says its code version"
    return Gap("commit", reason, remedy or _ingest(_edge(_COMMIT, "input_to", producer)))


def evaluation_gap(version: str) -> Gap:
    """Return the gap of a version that was not evaluated."""
    fix = _ingest(_edge(version, "evaluated_by", "mlg://evaluation/<NAMESPACE>/<NAME>"))
    return Gap("evaluation", "no evaluation names it, and no run read it and made one", fix)


def experiment_gap(version: str, experiment: str, remedy: str | None) -> Gap:
    """Return the gap of a version beside others of its service, which an experiment is running with.

    `remedy`: the line of the tool that runs the experiment.
    """
    reason = f"{experiment} runs on its service and names other versions only"
    return Gap("experiment", reason, remedy or _ingest(_edge(version, "tested_in", experiment)))


def naming_line(relation: str, subject: str) -> str:
    """Return the command that tells which model version a variant or deployment names."""
    return _ingest(_edge("mlg://model_version/<NAMESPACE>/<NAME>", relation, subject))


def _edge(source: str, relation: str, target: str) -> str:
    return json.dumps({"edge": {"source": source, "relation": relation, "target": target}})


def _ingest(*facts: str) -> str:
    """Return the command that sends facts. URIs have no quotes: they are percent-encoded."""
    quoted = " ".join(f"'{fact}'" for fact in facts)
    return f"printf '%s\\n' {quoted} | mlgraph ingest - --format facts"
