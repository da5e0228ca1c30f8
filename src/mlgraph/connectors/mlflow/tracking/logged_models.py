"""Logged models (MLflow 3): nodes are the versions that they are registered as, or else an artifact of their run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mlgraph.connectors.mlflow.mlflow_instance import MlflowInstance, entries, micros, optional, step_of, table, without_empty
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.uri import AssetUri


@dataclass(frozen=True, slots=True)
class LoggedModel:
    """A logged model (REST `LoggedModel`) and the registered versions that refer to it."""

    model: Located
    versions: tuple[AssetUri, ...]
    registered_at: int | None
    """The time of its first registration in microseconds; None if it has none."""

    @property
    def model_id(self) -> str:
        """Return the id in MLflow, `m-...`."""
        return self.model.need("info").need("model_id").name()

    @property
    def name(self) -> str | None:
        """Return its name within its run."""
        return optional(self.model.need("info"), "name")

    @property
    def source_run_id(self) -> str | None:
        """Return the id of the run that created it."""
        return optional(self.model.need("info"), "source_run_id")

    def metrics(self) -> list[Located]:
        """Return its metrics, each with optional run_id, dataset_name and dataset_digest."""
        data = self.model.get("data")
        return list(entries(data, "metrics")) if data else []

    def summary(self) -> dict[str, Any]:
        """Return the properties that a version or an artifact gets from it."""
        info, data = self.model.need("info"), self.model.get("data")
        ordered = sorted(self.metrics(), key=lambda each: (micros(each.need("timestamp")), step_of(each)))
        return without_empty(
            model_id=self.model_id,
            name=self.name,
            model_type=optional(info, "model_type"),
            status=(optional(info, "status") or "").removeprefix("LOGGED_MODEL_"),
            params=table(data, "params") if data else {},
            metrics={each.need("key").text(): each.need("value").plain() for each in ordered},
        )


class LoggedModels:
    """The logged models in a payload: `logged_models`, {model id: {model, model_versions}}."""

    def __init__(self, instance: MlflowInstance, data: Located) -> None:
        """Parse the logged models of `data`."""
        self._instance = instance
        found = data.get("logged_models")
        self._complete = found is not None
        self._models = {key: self._read(each) for key, each in found.members()} if found else {}

    def known(self) -> Iterator[LoggedModel]:
        """Return the logged models in the payload, ordered by id."""
        return (self._models[key] for key in sorted(self._models))

    def get(self, model_id: str) -> LoggedModel | None:
        """Return a logged model by id; None if the payload does not contain it."""
        return self._models.get(model_id)

    def inputs(self, run: Located) -> list[tuple[AssetUri, str | None]]:
        """Return the model inputs of a run, with the role `base` if the run also has model outputs."""
        role = "base" if _listed(run, "outputs", "model_outputs") else None
        used = [each.need("model_id").name() for each in _listed(run, "inputs", "model_inputs")]
        return [(uri, role) for model_id in dict.fromkeys(used) for uri in self.nodes(model_id)]

    def nodes(self, model_id: str) -> list[AssetUri]:
        """Return the versions as which a logged model is registered, or its artifact; nothing if the model was deleted."""
        model = self._models.get(model_id)
        if model is None and self._complete:
            return []
        return list(model.versions) if model and model.versions else [self._instance.uri("artifact", model_id)]

    def _read(self, entry: Located) -> LoggedModel:
        uris, times = set(), []
        for version in entries(entry, "model_versions"):
            name, number = version.need("name").name(), version.need("version").name()
            uris.add(self._instance.uri("model_version", f"{name}/{number}"))
            times.append(micros(version.need("creation_timestamp")))
        return LoggedModel(entry.need("model"), tuple(sorted(uris)), min(times, default=None))


def is_input(run: Located, model_id: str) -> bool:
    """Return whether the logged model is an input of a run."""
    return any(each.need("model_id").name() == model_id for each in _listed(run, "inputs", "model_inputs"))


def only_measures(run: Located, model_id: str) -> bool:
    """Return whether the logged model is an input of a run without model outputs: such a run measures it."""
    return is_input(run, model_id) and not _listed(run, "outputs", "model_outputs")


def _listed(run: Located, side: str, key: str) -> list[Located]:
    found = run.get(side)
    return list(entries(found, key)) if found else []
