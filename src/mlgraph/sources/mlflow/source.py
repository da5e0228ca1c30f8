"""The MLflow source adapter: listings of existing and changed objects, and payloads of single objects."""

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
from mlgraph.sources.http import MISSING, Json, RetryPolicy
from mlgraph.sources.mlflow.api import (
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
from mlgraph.sources.mlflow.payloads import MlflowPayloads
from mlgraph.sources.mlflow.versions import VersionIndex, model_of, roots_of

STAGES: Final = ("experiment", "registered_model", "model_version", "run", "logged_model")
"""The order of reading. A version with the number of a deleted one ends its edges, so it comes before the runs that use it."""
_BY_EXPERIMENT: Final = frozenset({"run", "logged_model"})
_OVERLAP_MS: Final = 60_000
"""The overlap of two polls, because clocks differ; a repeated payload changes nothing."""
_URI_KINDS: Final = {
    "experiment": "workflow",
    "run": "run",
    "logged_model": "artifact",
    "registered_model": "model",
    "model_version": "model_version",
}


class MlflowSource:
    """One MLflow server. `fetch` is thread-safe; all other methods are for one thread at a time."""

    name: Final = "mlflow"

    def __init__(self, access: Access, *, retries: RetryPolicy | None = None, clock: Callable[[], float] = time.time) -> None:
        """Open connections to the server at `access`. Raises `InvalidInput` if its address is not a URL."""
        self._access = access
        self._api = MlflowApi(connect(access, retries))
        self._instance = access.instance or place(access.url)
        self._mlflow = MlflowInstance(self._instance)
        self._clock = clock
        self._common_fields = {"instance": self._instance}
        self._versions = VersionIndex(self._api)
        self._groups: dict[str, frozenset[tuple[str, str, int]]] = {}
        """The versions of each model at the last listing: the facts of runs that use a model refer to its versions."""
        self._payloads = self._new_payloads()
        self._seen: dict[tuple[str, str], int] = {}
        self._experiments: dict[str, tuple[str, bool]] = {}
        """The last known name of each experiment by id, and whether it was deleted: runs refer to it, and end with it."""
        self._runs: dict[str, tuple[int, int]] = {}
        """Digest of each unfinished or recently changed run in the last poll, and the time of the first poll with that digest."""

    @property
    def instance(self) -> str:
        """The name of this server in the namespace `mlflow:INSTANCE`."""
        return self._instance

    def circuit(self) -> CircuitState:
        """Return the state of the circuit breaker."""
        return self._api.circuit()

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def probe(self) -> ProbeResult:
        """Test the connection: return the version and the number of experiments and registered models on one page of each.

        Raises `SourceError` if the server is not an MLflow server or rejects the credentials.
        """
        experiments, further = self._api.experiments(None)
        models, more = self._api.registered_models(None)
        existing = [one for one in experiments if not is_deleted(one)]
        counts = {"experiments": len(existing), "registered models": len(models)}
        return ProbeResult(version_at(self._access), counts, more=bool(further or more))

    def fetch(self, kind: str, id: str) -> Payload | Gone:  # noqa: A002 - the source's word
        """Return the payload of an experiment, run, logged_model, registered_model or model_version (`NAME/VERSION`).

        A deleted run has a payload, until MLflow removes it for good. The object itself never comes from a cache. Raises
        `SourceError` where MLflow fails, and `InvalidInput` for an unknown kind.
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
        if found is MISSING or (is_deleted(found) and kind != "run"):
            return Gone(kind, id, self._mlflow.uri(_URI_KINDS[kind], id) if kind != "experiment" else None)
        return self._new_payloads().payload(kind, found, listed=False)

    def pages(self, cursor: Cursor | None = None) -> Iterator[SourcePage]:
        """Yield all objects in the order of `STAGES`, runs and logged models by experiment; resumable after any page.

        A cursor of `changed_since` is not a cursor of `pages`: the listing starts from scratch.
        """
        self._payloads.clear()
        self._versions.refresh()
        self._groups = self._versions.groups()
        at: Cursor = dict(cursor) if cursor and "stage" in cursor else {"stage": STAGES[0], "since": self._now_ms()}
        for stage in STAGES[STAGES.index(at["stage"]) :]:
            position = at if at["stage"] == stage else {"since": at["since"]}
            parts = self._experiment_ids() if stage in _BY_EXPERIMENT else ["all"]
            after, token, count = position.get("part"), position.get("token"), int(position.get("count", 0))
            if after is not None:
                parts = [part for part in parts if _order(part) > _order(after) or (token and part == after)]
            for part in parts:
                token = token if part == after else None
                while True:
                    items, token = self._search(stage, part, token)
                    count += len(items)
                    done = stage == STAGES[-1] and part == parts[-1] and token is None
                    resume = {"stage": stage, "part": part, "token": token, "count": count, "since": at["since"]}
                    existing = items if stage == "run" else [item for item in items if not is_deleted(item)]
                    yield SourcePage([self._payloads.payload(stage, item) for item in existing], resume, done, stage, count)
                    self._note_seen(stage, items)
                    if token is None:
                        break

    def changed_since(self, cursor: Cursor | None) -> Iterator[SourcePage]:
        """Yield the changes since a cursor of `pages` or of this method (None: recent ones), a page a kind; the last is `done`.

        Changes are found by their time of change. Changes of tags, aliases and metrics of models, which update no time, are found
        by comparison with the last listing. A run is reported while it changes and for a minute after, because abandoned runs
        remain unfinished in MLflow forever. All runs of an experiment that was renamed, deleted or restored are reported again,
        before all other changes, and so are the runs that use a model of which versions were added or deleted, after them.
        """
        now = self._now_ms()
        since = min(int((cursor or {"since": now})["since"]), now) - _OVERLAP_MS  # limited to now in case the clock was set back
        self._payloads.clear()
        self._versions.refresh()
        experiments = list(each(self._api.experiments))
        listed_runs = self._changed_runs([text_of(found, "experiment_id") for found in experiments], since)
        runs_seen = {run_id: self._changed_since(run_id, run, now) for run_id, run in listed_runs.items()}
        runs = [run for run_id, run in listed_runs.items() if runs_seen[run_id][1] > now - _OVERLAP_MS]
        touched = sorted({str(info_of(run).get("experiment_id")) for run in listed_runs.values()})
        found = {
            "experiment": [one for one in experiments if time_of(one, "last_update_time") >= since and not is_deleted(one)],
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
            "model_version": [one for one in self._versions.all() if self._changed("model_version", one, since)],
        }
        so_far = {"since": since + _OVERLAP_MS}
        for one in experiments:
            now_is = _name_and_end(one)
            if self._experiments.get(text_of(one, "experiment_id"), now_is) != now_is:
                for listed in pages_of(partial(self._api.runs, [text_of(one, "experiment_id")])):
                    payloads = [self._payloads.payload("run", run) for run in listed]
                    yield SourcePage(payloads, so_far, False, "run", len(payloads))  # noqa: FBT003 - done=False
        changed = {text_of(one, "experiment_id") for one in found["experiment"]}
        self._note_seen("experiment", [one for one in experiments if text_of(one, "experiment_id") not in changed])
        for stage in STAGES:
            done = stage == STAGES[-1]
            payloads = [self._payloads.payload(stage, one) for one in found[stage]]
            payloads += self._regrouped() if done else []
            yield SourcePage(payloads, {"since": now} if done else so_far, done, stage, len(payloads), len(payloads))
            self._note_seen(stage, found[stage])  # only after the consumer has processed the page
        self._runs = runs_seen
        self._groups = self._versions.groups()

    def _regrouped(self) -> list[Payload]:
        """Return the payloads of the models of which versions were added or deleted, and of the runs that use them."""
        groups = self._versions.groups()
        changed = sorted(root for root in self._groups.keys() | groups.keys() if self._groups.get(root) != groups.get(root))
        models = (self._api.logged_model(model_id) for root in changed if (model_id := model_of(root)))
        runs = (self._api.run(one) for one in sorted({run for root in changed for run in self._payloads.users.get(root, ())}))
        return [
            *(self._payloads.payload("logged_model", one) for one in models if one is not MISSING),
            *(self._payloads.payload("run", one, listed=False) for one in runs if one is not MISSING),
        ]

    def inventory(self) -> Iterator[AssetUri]:
        """Yield the URI of every experiment, run, registered model, model version and unregistered logged model."""
        uri = self._mlflow.uri
        experiments = list(each(self._api.experiments))
        yield from (uri("workflow", text_of(one, "name")) for one in experiments if not is_deleted(one))
        yield from (uri("model", text_of(one, "name")) for one in each(self._api.registered_models))
        self._versions.refresh()
        for one in self._versions.all():
            yield uri("model_version", f"{text_of(one, 'name')}/{text_of(one, 'version')}")
        registered = self._versions.groups().keys()
        for part in chunks([text_of(one, "experiment_id") for one in experiments]):
            for run in each(partial(self._api.runs, part)):
                if not is_deleted(run):
                    yield uri("run", text_of(info_of(run), "run_id"))
            for model in each(partial(self._api.logged_models, part)):
                if registered.isdisjoint(roots_of(model)):
                    yield uri("artifact", text_of(info_of(model), "model_id"))

    def identities(self) -> dict[str, Identity]:
        """Return the identity of each registered model, which a rename does not change, by its present name (for `renames`)."""
        versions: dict[str, set[tuple[str, int]]] = {}
        self._versions.refresh()
        for one in self._versions.all():
            versions.setdefault(text_of(one, "name"), set()).add((text_of(one, "version"), _created(one)))
        models = ((text_of(one, "name"), _created(one)) for one in each(self._api.registered_models))
        return {name: Identity(created, frozenset(versions.get(name, ()))) for name, created in models}

    def subscribe(self, url: str, secret: str) -> str:
        """Create a webhook from the model registry to `url`, signed with `secret`; return its id.

        An active webhook to that URL is reused and gets this secret, because MLflow does not show its present secret.
        """
        for one in each(self._api.webhooks):
            if one.get("url") == url and one.get("status", "ACTIVE") == "ACTIVE":
                known = text_of(one, "webhook_id")
                self._api.sign_webhook(known, secret)
                return known
        name = f"mlgraph-{self._instance}"[:60].replace(":", "-")
        return text_of(self._api.create_webhook(name, url, secret, EVENTS), "webhook_id")

    def _new_payloads(self) -> MlflowPayloads:
        return MlflowPayloads(self._api, self._versions, self._common_fields, self._clock)

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)

    def _experiment_ids(self) -> list[str]:
        return sorted((text_of(one, "experiment_id") for one in each(self._api.experiments)), key=_order)

    def _note_seen(self, stage: str, items: list[Json]) -> None:
        self._seen.update(_digest(stage, item) for item in items)
        if stage == "experiment":
            self._experiments.update((text_of(one, "experiment_id"), _name_and_end(one)) for one in items)

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
        """Return whether `item` differs from the last listing or, if it was not in one, changed since `since`."""
        key, digest = _digest(kind, item)
        if key in self._seen:
            return self._seen[key] != digest
        body = info_of(item) or item
        return time_of(body, "last_updated_timestamp", "last_updated_timestamp_ms") >= since


def _name_and_end(experiment: Json) -> tuple[str, bool]:
    return str(experiment.get("name")), is_deleted(experiment)


def _created(item: Json) -> int:
    return time_of(item, "creation_timestamp") * 1000


def _digest(kind: str, item: Json) -> tuple[tuple[str, str], int]:
    """Return the key of `item`, and a hash of its listed content."""
    ids = {"run": "run_id", "logged_model": "model_id", "experiment": "experiment_id"}
    body = info_of(item) or item
    key = str(body.get(ids[kind])) if kind in ids else f"{body.get('name')}/{body.get('version')}"
    return (kind, key), hash(json.dumps(item, sort_keys=True))


def _order(part: str) -> tuple[int, str]:
    """Return a sort key that orders numeric ids as numbers, and accepts all others."""
    return len(part), part
