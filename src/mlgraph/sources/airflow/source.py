"""The source adapter for Airflow: pages of assets, DAGs, runs, attempts and events; changes since a poll; all workflows."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from mlgraph.connectors.airflow.airflow_instance import AirflowInstance, namespace_of
from mlgraph.connectors.airflow.payloads import REFUSED, members_of
from mlgraph.connectors.airflow.tool import AirflowTool
from mlgraph.domain.errors import InvalidInput, SourceError
from mlgraph.domain.timestamps import format_time
from mlgraph.domain.uri import AssetUri
from mlgraph.ports.source_adapter import Access, CircuitState, Cursor, Gone, Identity, Payload, ProbeResult, SourcePage
from mlgraph.sources.airflow.api import AirflowApi, connect, place
from mlgraph.sources.airflow.attempts import Attempts
from mlgraph.sources.airflow.definitions import Declarations, Definitions, Workflow, WorkflowDefinition, declarations_of
from mlgraph.sources.http import Json, RequestRefused, RetryPolicy

STAGES: Final = ("asset", "dag", "dag_run", "task_run", "asset_event")
"""The order of reading: what a payload refers to is read before it."""
_NOUNS: Final = {"asset": "the assets", "dag": "the DAGs", "dag_run": "the DAG runs"}
_ALL_RUNS: Final = "dags/~/dagRuns"
_STALE_TOO: Final = {"exclude_stale": "false", "order_by": "dag_id"}
_OVERLAP_US: Final = 60_000_000
"""The overlap of two polls, because clocks differ; a repeated payload changes nothing."""


class AirflowSource:
    """One installation of Airflow 3. `fetch` is thread-safe; all other methods are for one thread at a time."""

    name: Final = "airflow"

    def __init__(self, access: Access, *, retries: RetryPolicy | None = None, clock: Callable[[], float] = time.time) -> None:
        """Open connections to the Airflow at `access`. Raises `InvalidInput` if its address is not a URL."""
        self._api = AirflowApi(connect(access, retries))
        self._instance = access.instance or place(access.url)
        self._naming = AirflowInstance(self._instance, namespace_of(self._instance, access.naming), at=0)
        self._clock = clock
        self._tool = AirflowTool()
        self._definitions, self._attempts = Definitions(self._api), Attempts(self._api)
        self._declared = Declarations()
        self._seen: dict[Workflow, int] = {}
        """The digest of each DAG and task in the last listing."""

    @property
    def instance(self) -> str:
        """The name of this installation: its OpenLineage namespace."""
        return self._instance

    def circuit(self) -> CircuitState:
        """Return the state of the circuit breaker."""
        return self._api.circuit()

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def probe(self) -> ProbeResult:
        """Return the version, and the number of DAGs, assets, runs and import errors.

        Raises `SourceError` if the server is no Airflow 3, or rejects the credentials for DAGs.
        """
        version = self._api.check_version()
        counts = {"DAGs": self._api.count("dags", _STALE_TOO)}
        for noun, path in (("assets", "assets"), ("DAG runs", _ALL_RUNS), ("import errors", "importErrors")):
            try:
                counts[noun] = self._api.count(path)
            except RequestRefused:
                continue
        return ProbeResult(version, counts)

    def fetch(self, kind: str, id: str) -> Payload | Gone:  # noqa: A002 - the source's word
        """Return the payload of the workflow of a DAG or task, by its name in the graph.

        `Gone` only where Airflow itself says that it does not exist. Raises `SourceError` where it fails or refuses, and
        `InvalidInput` for another kind.
        """
        if kind != "workflow":
            raise InvalidInput(f"Airflow has no single {kind[:60]!r}: the kind is workflow, a DAG or a task")
        found = self._definitions.named(id)
        if found is None:
            return Gone(kind, id, AssetUri(kind, self._naming.namespace, id))
        return self._payload(found.noun, found.data)

    def pages(self, cursor: Cursor | None = None) -> Iterator[SourcePage]:
        """Yield all objects in the order of `STAGES`; resumable after any page.

        A listing that Airflow refuses is a payload that cannot be interpreted: the others are read. A cursor of
        `changed_since` is not a cursor of `pages`: the reading starts from scratch.
        """
        self._api.check_version()
        at: Cursor = dict(cursor) if cursor and "stage" in cursor else {"stage": STAGES[0], "since": self._now()}
        yield from self._read(at, {})

    def changed_since(self, cursor: Cursor | None) -> Iterator[SourcePage]:
        """Yield definitions that differ from the last listing, deleted ones, and what ran since `cursor` (None: a minute ago)."""
        self._api.check_version()
        now = self._now()
        since = min(int((cursor or {"since": now})["since"]), now) - _OVERLAP_US
        yield from self._read({"stage": STAGES[0], "since": now}, {"since": since})

    def inventory(self) -> Iterator[AssetUri]:
        """Yield the workflow of every DAG and task. Raises `SourceError` where one listing is refused: nothing is gone then."""
        for dag in self._api.each("dags", "dags", _STALE_TOO):
            for each in self._definitions.of_dag(_dag_id(dag), Declarations(), {}):
                yield self._naming.workflow(*each.workflow)

    def identities(self) -> dict[str, Identity]:
        """Return nothing: a DAG with another id is another DAG."""
        return {}

    def subscribe(self, url: str, secret: str) -> str:
        """Raise `SourceError`: Airflow sends no webhooks."""
        del url, secret
        raise SourceError("Airflow sends no webhooks: mlgraph polls it, and its OpenLineage provider sends events")

    def _read(self, at: Cursor, polled: Json) -> Iterator[SourcePage]:
        """Yield the pages of all stages from `at` on; of a poll, what changed."""
        self._attempts.find_cleared()
        if at["stage"] != STAGES[0]:
            self._declared = self._declarations()[1]
        for stage in STAGES[STAGES.index(at["stage"]) :]:
            position = at if at["stage"] == stage else {}
            after, count = position.get("after"), int(position.get("count", 0))
            if position.get("finished"):
                continue
            pages = self._stage(stage, after, polled.get("since"))
            while True:
                try:
                    payloads, after = next(pages, (None, None))
                except RequestRefused as refusal:
                    payloads, after = [self._refused(stage, refusal)], None
                if payloads is None:
                    break
                count += len(payloads)
                finished = after is None
                done = finished and stage == STAGES[-1]
                resume = {"stage": stage, "after": after, "count": count, "finished": finished, "since": at["since"]}
                yield SourcePage(payloads, {"since": at["since"]} if done and polled else resume, done, stage, count)
        if at["stage"] == STAGES[-1] and at.get("finished"):
            yield SourcePage([], at, done=True, stage=STAGES[-1], count=int(at.get("count", 0)))

    def _stage(self, stage: str, after: str | int | None, since: int | None) -> Iterator[tuple[list[Payload], str | int | None]]:
        """Yield the pages of a stage, each with the position after it; None after the last one."""
        changed = {} if since is None else {"updated_at_gte": format_time(since)}
        if stage == "asset":
            assets, self._declared = self._declarations()
            if not self._declared.known:
                yield [self._refused(stage, "HTTP 403")], None
                return
            yield [self._payload("asset", {"asset": members_of("asset", each)}) for each in assets], None
        elif stage == "dag":
            yield from self._dags(int(after or 0), is_poll=since is not None)
        elif stage == "dag_run":
            yield from self._by_cursor(_ALL_RUNS, "dag_runs", after, changed, self._dag_run)
        elif stage == "task_run":
            yield from self._by_cursor(f"{_ALL_RUNS}/~/taskInstances", "task_instances", after, changed, self._task_runs)
        else:
            offset, more = int(after or 0), True
            params = {"order_by": "timestamp", **({} if since is None else {"timestamp_gte": format_time(since)})}
            while more:
                items, more = self._api.page("assets/events", "asset_events", offset, params)
                offset += len(items)
                found = [self._payload("asset_event", self._attempts.of_event(each)) for each in items]
                yield found, offset if more else None

    def _declarations(self) -> tuple[list[Json], Declarations]:
        try:
            assets = list(self._api.each("assets", "assets", {"order_by": "id"}))
        except RequestRefused:
            return [], Declarations(known=False)
        return assets, declarations_of(assets)

    def _dags(self, offset: int, *, is_poll: bool) -> Iterator[tuple[list[Payload], int | None]]:
        """Yield DAGs with their tasks, of a poll those that differ; at its end those that no longer exist."""
        errors, existing, more = self._definitions.import_errors(), set[Workflow](), True
        while more:
            items, more = self._api.page("dags", "dags", offset, _STALE_TOO)
            offset += len(items)
            found = [each for dag in items for each in self._definitions.of_dag(_dag_id(dag), self._declared, errors)]
            existing |= {each.workflow for each in found}
            changed = [each for each in found if not is_poll or self._seen.get(each.workflow) != _digest(each)]
            payloads = [self._payload(each.noun, each.data) for each in changed]
            if is_poll and not more:
                payloads += self._deleted(set(self._seen) - existing)
            yield payloads, offset if more else None
            self._seen.update((each.workflow, _digest(each)) for each in changed)  # after the consumer has processed the page

    def _deleted(self, missing: Iterable[Workflow]) -> list[Payload]:
        """Return the deletions of workflows, of those that Airflow confirms."""
        found: list[Payload] = []
        for workflow in sorted(missing, key=str):
            uri = self._naming.workflow(*workflow)
            if self._definitions.named(uri.name) is None:
                found.append(self._tool.deleted(uri, self._now()))
                self._seen.pop(workflow)
        return found

    def _by_cursor(
        self, path: str, member: str, after: str | int | None, params: Json, read: Callable[[Json], list[Payload]]
    ) -> Iterator[tuple[list[Payload], str | None]]:
        following: str | None = str(after or "")
        while following is not None:
            page = self._api.by_cursor(path, member, following, params)
            following = page.next
            yield [payload for item in page.items for payload in read(item)], following

    def _dag_run(self, run: Json) -> list[Payload]:
        if self._attempts.is_cleared(run):
            return []
        return [self._payload("dag_run", {"run": members_of("run", _with_versions(run))})]

    def _task_runs(self, instance: Json) -> list[Payload]:
        if instance.get("start_date") is None and instance.get("try_number") in (0, 1):
            return []  # never tried
        return [self._payload("task_run", {"attempt": each}) for each in self._attempts.of(instance)]

    def _refused(self, stage: str, why: RequestRefused | str) -> Payload:
        what = _NOUNS.get(stage, "the attempts at tasks" if stage == "task_run" else "the events of assets")
        return self._payload(REFUSED.partition(".")[2], {"what": what, "why": why if isinstance(why, str) else why.detail})

    def _payload(self, noun: str, data: Json) -> Payload:
        return {
            "type": f"airflow.{noun}",
            "instance": self._instance,
            "namespace": self._naming.namespace,
            "at": format_time(self._now()),
            "data": data,
        }

    def _now(self) -> int:
        return int(self._clock() * 1e6)


def _dag_id(dag: Json) -> str:
    found = dag.get("dag_id")
    if not isinstance(found, str) or not found:
        raise SourceError("Airflow's answer has a DAG without an id: check that the URL is that of Airflow's API server")
    return found


def _with_versions(run: Json) -> Json:
    versions = [{"version_number": each.get("version_number")} for each in run.get("dag_versions") or []]
    return {**run, "dag_versions": versions}


def _digest(found: WorkflowDefinition) -> int:
    return hash(json.dumps(found.data, sort_keys=True))
