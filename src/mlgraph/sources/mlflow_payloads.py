"""Assembly of the connector's payloads: one MLflow object with the related objects that its interpretation needs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from mlgraph.domain.timestamps import format_time
from mlgraph.ports.source_adapter import Payload
from mlgraph.sources.cache import TtlCache
from mlgraph.sources.http import MISSING, Json, Missing
from mlgraph.sources.mlflow_api import MlflowApi, chunks, each, info_of, is_deleted, text_of


class MlflowPayloads:
    """Looks up the objects related to a run, a logged model or a version, and caches them for a minute."""

    def __init__(self, api: MlflowApi, common_fields: Mapping[str, str], clock: Callable[[], float]) -> None:
        """Query `api`; `common_fields` are the fields of every payload about its instance, `clock` returns seconds since 1970."""
        self._api, self._common_fields, self._clock = api, common_fields, clock
        self._cache = TtlCache(hit=api.counts.answered_from_cache)

    def clear(self) -> None:
        """Clear the cache."""
        self._cache.clear()

    def payload(self, kind: str, item: Json, *, listed: bool = True) -> Payload:
        """Return the payload of `item`, which comes from a listing or, without `listed`, from a look-up just now."""
        data: dict[str, Any] = {kind: item}
        match kind:
            case "run":
                item = data["run"] = self._full_run(item) if listed else item
                experiment = self._experiment(str(info_of(item).get("experiment_id")))
                data |= {} if experiment is MISSING else {"experiment": experiment}
                data["logged_models"] = self._logged_models([*_used_models(item), *_scored_models(item)])
            case "logged_model":
                model_id = str(info_of(item).get("model_id"))
                self._cache.put(("logged_model", model_id), self._with_versions(item))
                data = {"model_id": model_id, **self._related(model_id, None)}
            case "model_version":
                source = str(item.get("source", ""))
                behind = source.removeprefix("models:/") if source.startswith("models:/m-") else None
                data |= self._related(behind, item.get("run_id") or None)
        at = format_time(int(self._clock() * 1_000_000))
        return {"type": f"mlflow.{kind}", **self._common_fields, "at": at, "data": data}

    def _full_run(self, run: Json) -> Json:
        """Return the run with its model inputs, which searches omit (MLflow 3.17). No request is sent if no model exists."""
        if not self._cache.get("has models", self._has_models):
            return run
        found = self._run(str(info_of(run).get("run_id")))
        return run if found is MISSING else found

    def _has_models(self) -> bool:
        return any(
            self._api.logged_models(part, None)[0]
            for part in chunks([text_of(one, "experiment_id") for one in each(self._api.experiments)])
        )

    def _related(self, model_id: str | None, run_id: str | None) -> dict[str, Any]:
        """Return a logged model, the runs that created and measured it, and the model inputs of those."""
        models = self._logged_models([model_id] if model_id else [])
        wanted: list[str | None] = [run_id]
        for entry in models.values():
            wanted.append(info_of(entry["model"]).get("source_run_id"))
            wanted += [metric.get("run_id") for metric in entry["model"].get("data", {}).get("metrics", [])]
        runs = {one: run for one in dict.fromkeys(filter(None, wanted)) if (run := self._run(one)) is not MISSING}
        for run in runs.values():
            models |= self._logged_models(_used_models(run))
        return {"logged_models": models, "runs": runs}

    def _logged_models(self, ids: list[str]) -> dict[str, Json]:
        found = {one: self._cache.get(("logged_model", one), partial(self._logged_model, one)) for one in dict.fromkeys(ids)}
        return {one: entry for one, entry in found.items() if entry is not MISSING}

    def _logged_model(self, model_id: str) -> Json | Missing:
        found = self._api.logged_model(model_id)
        return MISSING if found is MISSING else self._with_versions(found)

    def _with_versions(self, model: Json) -> Json:
        """Return a logged model with the versions of it. Its tag lists them too, but not with their present names."""
        source = f"models:/{info_of(model).get('model_id')}"
        tagged = any(tag.get("key") == "mlflow.modelVersions" for tag in info_of(model).get("tags", []))
        versions = list(each(partial(self._api.model_versions, where=f"source_path = '{source}'"))) if tagged else []
        return {"model": model, "model_versions": versions}

    def _experiment(self, experiment_id: str) -> Json | Missing:
        found: Json | Missing = self._cache.get(("experiment", experiment_id), lambda: self._api.experiment(experiment_id))
        return found

    def _run(self, run_id: str) -> Json | Missing:
        found: Json | Missing = self._cache.get(("run", run_id), lambda: self._api.run(run_id))
        return MISSING if found is MISSING or is_deleted(found) else found


def _used_models(run: Json) -> list[str]:
    return [str(one["model_id"]) for one in run.get("inputs", {}).get("model_inputs", []) if one.get("model_id")]


def _scored_models(run: Json) -> list[str]:
    """Return the ids of the models that `mlflow.models.evaluate` scored in a run."""
    tags = {tag.get("key"): tag.get("value") for tag in run.get("data", {}).get("tags", [])}
    try:
        listed = json.loads(tags.get("mlflow.datasets") or "[]")
    except ValueError:
        return []
    models = [one.get("model") for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return [one for one in models if isinstance(one, str) and one.startswith("m-")]
