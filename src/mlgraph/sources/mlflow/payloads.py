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
from mlgraph.sources.mlflow.api import MlflowApi, chunks, each, info_of, is_deleted, text_of
from mlgraph.sources.mlflow.versions import VersionIndex, model_of, roots_of, run_of


class MlflowPayloads:
    """Looks up the objects related to a run, a logged model or a version, and caches them for a minute."""

    def __init__(
        self, api: MlflowApi, versions: VersionIndex, common_fields: Mapping[str, str], clock: Callable[[], float]
    ) -> None:
        """Query `api`; `common_fields` are the fields of every payload about its instance, `clock` returns seconds since 1970."""
        self._api, self._versions, self._common_fields, self._clock = api, versions, common_fields, clock
        self._cache = TtlCache(hit=api.counts.answered_from_cache)
        self.users: dict[str, set[str]] = {}
        """The runs that used or scored a logged model, by each of its locations, as far as their payloads were assembled here."""

    def _note_use(self, run: Json, models: Mapping[str, Json]) -> None:
        for entry in models.values():
            for root in roots_of(entry["model"]):
                self.users.setdefault(root, set()).add(str(info_of(run).get("run_id")))

    def clear(self) -> None:
        """Clear the cache."""
        self._cache.clear()

    def payload(self, kind: str, item: Json, *, listed: bool = True) -> Payload:
        """Return the payload of `item`, which comes from a listing or, without `listed`, from a look-up just now."""
        data: dict[str, Any] = {kind: item}
        match kind:
            case "run":
                item = data["run"] = self._full_run(item) if listed else item
                self._cache.put(("run", str(info_of(item).get("run_id"))), item)
                experiment = self._experiment(str(info_of(item).get("experiment_id")))
                data |= {} if experiment is MISSING else {"experiment": experiment}
                data["logged_models"] = self._logged_models([*_used_models(item), *_scored_models(item)])
                self._note_use(item, data["logged_models"])
                data |= {"orphaned": True} if self._is_orphaned(item) else {}
            case "logged_model":
                model_id = str(info_of(item).get("model_id"))
                self._cache.put(("logged_model", model_id), self._with_versions(item))
                data = {"model_id": model_id, **self._related(model_id, None)}
            case "model_version":
                data |= self._origin_of(item)
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

    def _origin_of(self, version: Json) -> dict[str, Any]:
        """Return what a version was made of and by: its logged model, its run, and the version of which it is a copy."""
        root = self._versions.root_of(version)
        source_run_id = run_of(root)
        run = self._run(source_run_id) if source_run_id else MISSING
        model_id = model_of(root)
        if model_id is None and run is not MISSING:
            models = self._logged_models(_made_models(run))
            model_id = next((one for one, entry in models.items() if root in roots_of(entry["model"])), None)
        original = self._versions.original_of(version)
        return {
            **self._related(model_id, version.get("run_id") or (source_run_id if run is not MISSING else None)),
            **({"source_run_id": source_run_id} if run is not MISSING else {}),
            **({"copied_from": {key: original[key] for key in ("name", "version")}} if original else {}),
        }

    def _is_orphaned(self, run: Json) -> bool:
        """Return whether a nested run has a parent that does not exist any more."""
        tags = {tag.get("key"): tag.get("value") for tag in run.get("data", {}).get("tags", [])}
        parent_id = tags.get("mlflow.parentRunId")
        parent = self._run(str(parent_id)) if parent_id else None
        return parent is not None and (parent is MISSING or is_deleted(parent))

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
        """Return a logged model with its versions. Its tag lists some of them, but not with their present names."""
        return {"model": model, "model_versions": self._versions.of_model(model)}

    def _experiment(self, experiment_id: str) -> Json | Missing:
        found: Json | Missing = self._cache.get(("experiment", experiment_id), lambda: self._api.experiment(experiment_id))
        return found

    def _run(self, run_id: str) -> Json | Missing:
        """Return a run, even if it was deleted: what it made still exists."""
        found: Json | Missing = self._cache.get(("run", run_id), lambda: self._api.run(run_id))
        return found


def _used_models(run: Json) -> list[str]:
    return [str(one["model_id"]) for one in run.get("inputs", {}).get("model_inputs", []) if one.get("model_id")]


def _made_models(run: Json) -> list[str]:
    return [str(one["model_id"]) for one in run.get("outputs", {}).get("model_outputs", []) if one.get("model_id")]


def _scored_models(run: Json) -> list[str]:
    """Return the ids of the models that `mlflow.models.evaluate` scored in a run."""
    tags = {tag.get("key"): tag.get("value") for tag in run.get("data", {}).get("tags", [])}
    try:
        listed = json.loads(tags.get("mlflow.datasets") or "[]")
    except ValueError:
        return []
    models = [one.get("model") for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return [one for one in models if isinstance(one, str) and one.startswith("m-")]
