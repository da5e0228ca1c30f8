"""MLflow as a source: what exists, what changed, and one thing's truth with what is needed to understand it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from mlgraph.connectors.mlflow.mlflow_instance import MlflowInstance
from mlgraph.connectors.mlflow.webhooks import EVENTS
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.uri import AssetUri
from mlgraph.ports.source_adapter import Access, CircuitState, Cursor, Gone, Identity, Payload, ProbeResult, SourcePage
from mlgraph.sources.http import MISSING, Json, Patience
from mlgraph.sources.mlflow_api import (
    Found,
    MlflowApi,
    chunks,
    connect,
    each,
    info_of,
    is_deleted,
    pages_of,
    place,
    text_of,
    time_of,
    version_at,
)
from mlgraph.sources.mlflow_payloads import MlflowPayloads

STAGES: Final = ("experiment", "run", "logged_model", "registered_model", "model_version")
_BY_EXPERIMENT: Final = frozenset({"run", "logged_model"})
_OVERLAP_MS: Final = 60_000
"""How far a poll looks back behind the last one: clocks differ, and asking twice changes nothing."""
_URI_KINDS: Final = {
    "experiment": "workflow",
    "run": "run",
    "logged_model": "artifact",
    "registered_model": "model",
    "model_version": "model_version",
}


class MlflowSource:
    """One MLflow server. `fetch` is for any number of threads, all else for one at a time."""

    name: Final = "mlflow"

    def __init__(self, access: Access, *, patience: Patience | None = None, clock: Callable[[], float] = time.time) -> None:
        """Ask the server that is reached so. Raises `InvalidInput` if its address is no URL."""
        self._access = access
        self._api = MlflowApi(connect(access, patience))
        self._instance = access.instance or place(access.url)
        self._registry = MlflowInstance(self._instance)
        self._clock = clock
        self._common_fields = {"instance": self._instance} | ({"scope": access.scope} if access.scope else {})
        self._payloads = self._fresh_truth()
        self._seen: dict[tuple[str, str], int] = {}
        self._names: dict[str, str] = {}
        """What experiments were called when they were seen last, by id: runs are told as parts of what has that name."""
        self._runs: dict[str, tuple[int, int]] = {}
        """What the last poll saw of runs that go on or changed of late, as a digest, and when it was so first."""

    @property
    def instance(self) -> str:
        """The name of this server in the namespace `mlflow:INSTANCE`."""
        return self._instance

    def circuit(self) -> CircuitState:
        """Return whether it is asked, or left alone because it fails."""
        return self._api.circuit()

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def probe(self) -> ProbeResult:
        """Return what the server answers to a trial: experiments and registered models, as far as one page of each has them.

        Raises `SourceError` where it does not answer as MLflow does, or not to these credentials.
        """
        experiments, further = self._api.experiments(None)
        models, more = self._api.registered_models(None)
        counts = {"experiments": len(experiments), "registered models": len(models)}
        return ProbeResult(version_at(self._access), counts, more=bool(further or more))

    def fetch(self, kind: str, id: str) -> Payload | Gone:  # noqa: A002 - the source's word
        """Return the truth about an experiment, run, logged_model, registered_model or model_version (`NAME/VERSION`).

        Always fresh: nothing is used that was remembered before. Raises `SourceError` where MLflow fails, and
        `InvalidInput` for no kind.
        """
        if kind not in STAGES:
            raise InvalidInput(f"MLflow has no {kind[:60]!r}: the kinds are {', '.join(STAGES)}")
        model, _, version = id.rpartition("/")
        found = {
            "experiment": lambda: self._api.experiment(id),
            "run": lambda: self._api.run(id),
            "logged_model": lambda: self._api.logged_model(id),
            "registered_model": lambda: self._api.registered_model(id),
            "model_version": lambda: self._api.model_version(model, version),
        }[kind]()
        if found is MISSING or is_deleted(found):
            return Gone(kind, id, self._registry.uri(_URI_KINDS[kind], id) if kind != "experiment" else None)
        return self._fresh_truth().payload(kind, found, listed=False)

    def pages(self, cursor: Cursor | None = None) -> Iterator[SourcePage]:
        """Yield all that exists, in `STAGES` order, runs and logged models by experiment; resumable after any page.

        A cursor of `changed_since` tells of no place in this walk: it begins anew.
        """
        self._payloads.clear()
        at: Cursor = dict(cursor) if cursor and "stage" in cursor else {"stage": STAGES[0], "since": self._now_ms()}
        for stage in STAGES[STAGES.index(at["stage"]) :]:
            here = at if at["stage"] == stage else {"since": at["since"]}
            parts = self._experiment_ids() if stage in _BY_EXPERIMENT else ["all"]
            after, token, count = here.get("part"), here.get("token"), int(here.get("count", 0))
            if after is not None:
                parts = [part for part in parts if _order(part) > _order(after) or (token and part == after)]
            for part in parts:
                token = token if part == after else None
                while True:
                    items, token = self._search(stage, part, token)
                    count += len(items)
                    done = stage == STAGES[-1] and token is None
                    resume = {"stage": stage, "part": part, "token": token, "count": count, "since": at["since"]}
                    yield SourcePage([self._payloads.payload(stage, item) for item in items], resume, done, stage, count)
                    self._take_in(stage, items)
                    if token is None:
                        break

    def changed_since(self, cursor: Cursor | None) -> Iterator[SourcePage]:
        """Yield what changed since a cursor of `pages` or of this (None: of late), a page a kind; the last is `done`.

        Seen by its time of change where MLflow moves one; tags, aliases and metrics of models, which move none, by
        comparing with what this object last saw. A run is told while it changes and for a minute after: many a run that is no
        longer there goes on for ever, as far as MLflow knows. All runs of an experiment that was renamed are told again,
        before the rest.
        """
        now = self._now_ms()
        since = min(int((cursor or {"since": now})["since"]), now) - _OVERLAP_MS  # a clock that was set back counts from there
        self._payloads.clear()
        experiments = list(each(self._api.experiments))
        listed_runs = self._changed_runs([text_of(found, "experiment_id") for found in experiments], since)
        runs_seen = {run_id: self._changed_since(run_id, run, now) for run_id, run in listed_runs.items()}
        runs = [run for run_id, run in listed_runs.items() if runs_seen[run_id][1] > now - _OVERLAP_MS]
        touched = sorted({str(info_of(run).get("experiment_id")) for run in listed_runs.values()})
        found = {
            "experiment": [one for one in experiments if time_of(one, "last_update_time") >= since],
            "run": runs,
            "logged_model": [
                one
                for part in chunks(touched)
                for one in each(partial(self._api.logged_models, part))
                if self._changed("logged_model", one, since)
            ],
            "registered_model": [
                one for one in each(self._api.registered_models) if self._changed("registered_model", one, since)
            ],
            "model_version": [one for one in each(self._api.model_versions) if self._changed("model_version", one, since)],
        }
        so_far = {"since": since + _OVERLAP_MS}
        for one in experiments:
            if self._names.get(text_of(one, "experiment_id"), one.get("name")) != one.get("name"):
                for listed in pages_of(partial(self._api.runs, [text_of(one, "experiment_id")])):
                    payloads = [self._payloads.payload("run", run) for run in listed]
                    yield SourcePage(payloads, so_far, False, "run", len(payloads))  # noqa: FBT003 - it is not done
        self._take_in("experiment", [one for one in experiments if one not in found["experiment"]])
        for stage in STAGES:
            done = stage == STAGES[-1]
            payloads = [self._payloads.payload(stage, one) for one in found[stage]]
            yield SourcePage(payloads, {"since": now} if done else so_far, done, stage, len(payloads), len(payloads))
            self._take_in(stage, found[stage])  # once the page was taken, not before
        self._runs = runs_seen

    def inventory(self) -> Iterator[AssetUri]:
        """Yield the URI of every experiment, run, registered model, version, and logged model that is no version."""
        uri = self._registry.uri
        experiments = list(each(self._api.experiments))
        yield from (uri("workflow", text_of(one, "name")) for one in experiments)
        yield from (uri("model", text_of(one, "name")) for one in each(self._api.registered_models))
        sources = set()
        for one in each(self._api.model_versions):
            sources.add(one.get("source"))
            yield uri("model_version", f"{text_of(one, 'name')}/{text_of(one, 'version')}")
        for part in chunks([text_of(one, "experiment_id") for one in experiments]):
            for run in each(partial(self._api.runs, part)):
                yield uri("run", text_of(info_of(run), "run_id"))
            for model in each(partial(self._api.logged_models, part)):
                if f"models:/{text_of(info_of(model), 'model_id')}" not in sources:
                    yield uri("artifact", text_of(info_of(model), "model_id"))

    def identities(self) -> dict[str, Identity]:
        """Return what stays of each registered model when it is renamed, by its name now (for `renames`)."""
        versions: dict[str, set[tuple[str, int]]] = {}
        for one in each(self._api.model_versions):
            versions.setdefault(text_of(one, "name"), set()).add((text_of(one, "version"), _created(one)))
        models = ((text_of(one, "name"), _created(one)) for one in each(self._api.registered_models))
        return {name: Identity(created, frozenset(versions.get(name, ()))) for name, created in models}

    def subscribe(self, url: str, secret: str) -> str:
        """Have MLflow tell `url` of changes in its registry, signed with `secret`; return the webhook's id.

        An active webhook to that URL is kept, and gets this secret: it may have one of before, and MLflow shows none.
        """
        for one in each(self._api.webhooks):
            if one.get("url") == url and one.get("status", "ACTIVE") == "ACTIVE":
                known = text_of(one, "webhook_id")
                self._api.sign_webhook(known, secret)
                return known
        name = f"mlgraph-{self._instance}"[:60].replace(":", "-")
        return text_of(self._api.create_webhook(name, url, secret, EVENTS), "webhook_id")

    def _fresh_truth(self) -> MlflowPayloads:
        return MlflowPayloads(self._api, self._common_fields, self._clock)

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)

    def _experiment_ids(self) -> list[str]:
        return sorted((text_of(one, "experiment_id") for one in each(self._api.experiments)), key=_order)

    def _take_in(self, stage: str, items: list[Json]) -> None:
        self._seen.update(_digest(stage, item) for item in items)
        if stage == "experiment":
            self._names.update((text_of(one, "experiment_id"), str(one.get("name"))) for one in items)

    def _search(self, stage: str, part: str, token: str | None) -> Found:
        match stage:
            case "experiment":
                return self._api.experiments(token)
            case "run":
                return self._api.runs([part], token)
            case "logged_model":
                return self._api.logged_models([part], token)
            case "registered_model":
                return self._api.registered_models(token)
        return self._api.model_versions(token)

    def _changed_since(self, run_id: str, run: Json, now: int) -> tuple[int, int]:
        digest = _digest("run", run)[1]
        before, since = self._runs.get(run_id, (digest, now))
        return digest, since if before == digest and since <= now else now

    def _changed_runs(self, experiments: list[str], since: int) -> dict[str, Json]:
        found: dict[str, Json] = {}
        for where in (
            f"attributes.start_time >= {since}",
            f"attributes.end_time >= {since}",
            "attributes.status = 'RUNNING'",
        ):
            for part in chunks(experiments):
                for run in each(partial(self._api.runs, part, where=where)):
                    found[str(info_of(run).get("run_id"))] = run
        return found

    def _changed(self, kind: str, item: Json, since: int) -> bool:
        """Say whether `item` differs from what was seen last or, never seen, changed since."""
        key, digest = _digest(kind, item)
        if key in self._seen:
            return self._seen[key] != digest
        body = info_of(item) or item
        return time_of(body, "last_updated_timestamp", "last_updated_timestamp_ms") >= since


def _created(item: Json) -> int:
    return time_of(item, "creation_timestamp") * 1000


def _digest(kind: str, item: Json) -> tuple[tuple[str, str], int]:
    """Return what `item` is known by, and a number that differs where what MLflow lists of it differs."""
    ids = {"run": "run_id", "logged_model": "model_id", "experiment": "experiment_id"}
    body = info_of(item) or item
    key = str(body.get(ids[kind])) if kind in ids else f"{body.get('name')}/{body.get('version')}"
    return (kind, key), hash(json.dumps(item, sort_keys=True))


def _order(part: str) -> tuple[int, str]:
    """Order ids as numbers, whatever they are made of."""
    return len(part), part
