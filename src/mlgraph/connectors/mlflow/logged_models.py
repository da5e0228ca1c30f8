"""Logged models (MLflow 3): the versions that they are registered as, or else an artifact of their run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mlgraph.connectors.mlflow.mlflow_instance import MlflowInstance, entries, micros, optional, step_of, table, without_empty
from mlgraph.domain.payload import Located
from mlgraph.domain.uri import AssetUri


@dataclass(frozen=True, slots=True)
class LoggedModel:
    """A logged model (REST `LoggedModel`) and the registered versions that it stands behind."""

    model: Located
    versions: tuple[AssetUri, ...]
    registered_at: int | None
    """When it became a version for the first time; None where it is none."""

    @property
    def model_id(self) -> str:
        """Return MLflow's id, `m-...`."""
        return self.model.need("info").need("model_id").name()

    @property
    def source_run_id(self) -> str | None:
        """Return the run that made it."""
        return optional(self.model.need("info"), "source_run_id")

    def metrics(self) -> list[Located]:
        """Return its metrics, each perhaps with run_id, dataset_name and dataset_digest."""
        data = self.model.get("data")
        return list(entries(data, "metrics")) if data else []

    def summary(self) -> dict[str, Any]:
        """Return what a version or an artifact keeps of it."""
        info, data = self.model.need("info"), self.model.get("data")
        ordered = sorted(self.metrics(), key=lambda each: (micros(each.need("timestamp")), step_of(each)))
        return without_empty(
            model_id=self.model_id,
            name=optional(info, "name"),
            model_type=optional(info, "model_type"),
            status=(optional(info, "status") or "").removeprefix("LOGGED_MODEL_"),
            params=table(data, "params") if data else {},
            metrics={each.need("key").text(): each.need("value").plain() for each in ordered},
        )


class LoggedModels:
    """The logged models that a payload brings along: `logged_models`, {model id: {model, model_versions}}."""

    def __init__(self, registry: MlflowInstance, data: Located) -> None:
        """Read them where they stand in the payload."""
        self._registry = registry
        found = data.get("logged_models")
        self._models = {key: self._read(each) for key, each in found.members()} if found else {}

    def known(self) -> Iterator[LoggedModel]:
        """Return those that the payload brings, by id."""
        return (self._models[key] for key in sorted(self._models))

    def get(self, model_id: str) -> LoggedModel | None:
        """Return one of them."""
        return self._models.get(model_id)

    def inputs(self, run: Located) -> list[tuple[AssetUri, str | None]]:
        """Return the models that a run took in, with the role `base` where it made others from them."""
        role = "base" if _listed(run, "outputs", "model_outputs") else None
        used = [each.need("model_id").name() for each in _listed(run, "inputs", "model_inputs")]
        return [(uri, role) for model_id in dict.fromkeys(used) for uri in self.nodes(model_id)]

    def nodes(self, model_id: str) -> list[AssetUri]:
        """Return the versions that a logged model is registered as, or its artifact."""
        model = self._models.get(model_id)
        return list(model.versions) if model and model.versions else [self._registry.uri("artifact", model_id)]

    def _read(self, entry: Located) -> LoggedModel:
        uris, times = set(), []
        for version in entries(entry, "model_versions"):
            name, number = version.need("name").name(), version.need("version").name()
            uris.add(self._registry.uri("model_version", f"{name}/{number}"))
            times.append(micros(version.need("creation_timestamp")))
        return LoggedModel(entry.need("model"), tuple(sorted(uris)), min(times, default=None))


def takes_in(run: Located, model_id: str) -> bool:
    """Say whether a run took the logged model in without making another: it was used, then, to be measured."""
    used = any(each.need("model_id").name() == model_id for each in _listed(run, "inputs", "model_inputs"))
    return used and not _listed(run, "outputs", "model_outputs")


def _listed(run: Located, side: str, key: str) -> list[Located]:
    found = run.get(side)
    return list(entries(found, key)) if found else []
