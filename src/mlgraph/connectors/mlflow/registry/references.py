"""The names with which other tools refer to a model version: edges `alias_of` from each to the version (ADR 0052)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mlgraph.connectors.mlflow.mlflow_instance import ORIGIN, MlflowInstance, entries
from mlgraph.connectors.mlflow.tracking.logged_models import LoggedModel
from mlgraph.domain.facts import EdgeFact, EdgeRetraction, Statement
from mlgraph.domain.naming.model_references import ModelReference, alias_reference, model_reference, run_reference
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.uri import AssetUri


def source_names(
    instance: MlflowInstance, data: Located, version: AssetUri, behind: LoggedModel | None, created: int
) -> list[Statement]:
    """Return the names that a version has from where its model is stored; `behind` is its logged model.

    A copy of another version has none of its own: they mean the original.
    """
    source = data.need("model_version").get("source")
    own = model_reference(source.text(), at_location=True) if source else None
    if data.get("copied_from") or (own is not None and own.form in ("version", "alias")):
        return []
    found = {own} if own is not None else set[ModelReference]()
    if behind is not None:
        found.update(_of_logged_model(behind, data))
    uris = sorted(instance.uri("model_version", each.name) for each in found)
    return [EdgeFact(uri, "alias_of", version, ORIGIN, created) for uri in uris]


def alias_names(
    instance: MlflowInstance, model: str, before: Mapping[str, AssetUri], now: Mapping[str, AssetUri], start: int | None
) -> Iterator[Statement]:
    """Yield what changes of the names `MODEL@ALIAS`: `before` and `now` are the versions that the aliases point to.

    The times are those of the edges `points_to`: `start` for one that is new, none for one that is known.
    """
    for alias in sorted(before.keys() | now.keys()):
        name = instance.uri("model_version", alias_reference(model, alias).name)
        if alias in before and before[alias] != now.get(alias):
            yield EdgeRetraction(name, "alias_of", before[alias], ORIGIN, instance.at)
        if alias in now:
            yield EdgeFact(name, "alias_of", now[alias], ORIGIN, None if before.get(alias) == now[alias] else start)


def _of_logged_model(logged: LoggedModel, data: Located) -> Iterator[ModelReference]:
    """Yield the names of a logged model. `runs:/RUN/NAME` is one only if the run logged no other model, perhaps of that name."""
    by_id = model_reference(f"models:/{logged.model_id}")
    if by_id is not None:
        yield by_id
    name, runs = logged.name, data.get("runs")
    run = runs.get(logged.source_run_id) if runs and logged.source_run_id else None
    outputs = run.get("outputs") if run else None
    if name and logged.source_run_id and outputs and len(list(entries(outputs, "model_outputs"))) == 1:
        by_run = run_reference(logged.source_run_id, name)
        if by_run is not None:
            yield by_run
