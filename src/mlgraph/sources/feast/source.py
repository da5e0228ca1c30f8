"""The Feast source adapter: listings of existing and changed objects, and payloads of single objects."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mlgraph.connectors.feast.data_sources import dataset_of
from mlgraph.connectors.feast.feast_instance import FeastInstance
from mlgraph.connectors.feast.feature_views import feature_names
from mlgraph.connectors.feast.payloads import REFUSED, subject, without_code
from mlgraph.connectors.feast.tool import FeastTool, refused_listing
from mlgraph.domain.errors import InvalidInput, MlgraphError, SourceError
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.timestamps import format_time
from mlgraph.domain.uri import AssetUri
from mlgraph.ports.source_adapter import Access, CircuitState, Cursor, Gone, Identity, Payload, ProbeResult, SourcePage
from mlgraph.sources.feast.api import FeastApi, connect, name_of, place
from mlgraph.sources.http import Json, RequestRefused, RetryPolicy

STAGES: Final = ("data_source", "feature_view", "feature_service")
"""The order of reading: what feeds an object is read before it. The features of a view come with it."""
_ASSETS: Final = {"data_source": "dataset", "feature_view": "feature_view", "feature_service": "feature_service"}
_OVERLAP_US: Final = 60_000_000
"""The overlap of two polls, because clocks differ; a repeated payload changes nothing."""
_PROBED: Final = 10
"""The number of projects of which a probe counts the objects."""


_Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was listed: a digest of the object, and the URIs that exist with it in the namespace of the registry."""

    digest: int
    uris: frozenset[AssetUri]


class FeastSource:
    """One Feast registry with its projects. `fetch` is thread-safe; all other methods are for one thread at a time."""

    name: Final = "feast"

    def __init__(self, access: Access, *, retries: RetryPolicy | None = None, clock: Callable[[], float] = time.time) -> None:
        """Open connections to the registry at `access`. Raises `InvalidInput` if its address is not a URL."""
        self._api = FeastApi(connect(access, retries))
        self._instance = access.instance or place(access.url)
        self._naming = access.naming
        self._clock = clock
        self._tool = FeastTool()
        self._seen: dict[_Key, _Seen] = {}
        """Each object in the last listing, by kind, project and name."""

    @property
    def instance(self) -> str:
        """The name of this registry in the namespace `feast:INSTANCE`."""
        return self._instance

    def circuit(self) -> CircuitState:
        """Return the state of the circuit breaker."""
        return self._api.circuit()

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def probe(self) -> ProbeResult:
        """Return the version of Feast, and the number of projects, feature views and feature services.

        Raises `SourceError` if the server is no Feast registry, or rejects the credentials for one of the listings.
        """
        projects = self._api.projects()
        counts = {"projects": len(projects)}
        for kind, noun in (("feature_view", "feature views"), ("feature_service", "feature services")):
            counts[noun] = sum(self._api.count(kind, project) for project in projects[:_PROBED])
        return ProbeResult(self._api.version(), counts, more=len(projects) > _PROBED)

    def fetch(self, kind: str, id: str) -> Payload | Gone:  # noqa: A002 - the source's word
        """Return the payload of a feature_view, feature_service (`PROJECT/NAME`) or feature (`PROJECT/VIEW:NAME`).

        `Gone` only where the registry itself says that the object does not exist. Raises `SourceError` where Feast fails or
        may not show it, and `InvalidInput` for an unknown kind.
        """
        if kind not in ("feature", "feature_view", "feature_service"):
            raise InvalidInput(f"Feast has no {kind[:60]!r}: the kinds are feature, feature_view, feature_service")
        project, _, name = id.partition("/")
        listed = "feature_view" if kind == "feature" else kind
        views: list[str] = []
        for item in self._api.each(listed, project):
            if kind != "feature" and name_of(item) == name:
                return self._payloads(kind, project, item)[0]
            if kind == "feature" and name.startswith(f"{name_of(item)}:"):
                views.append(name_of(item))
                for payload in self._payloads("feature_view", project, item)[1:]:
                    if f"{name_of(item)}:{name_of(payload['data']['feature'])}" == name:
                        return payload
        gone = Gone(kind, id, AssetUri(kind, f"feast:{self._instance}", id))
        if views or self._api.is_absent(listed, project, name.rpartition(":")[0] if kind == "feature" else name):
            return gone
        raise SourceError(f"Feast has the {kind} {id[:100]!r}, but does not list it: its listing is incomplete")

    def pages(self, cursor: Cursor | None = None) -> Iterator[SourcePage]:
        """Yield all objects in the order of `STAGES`, each by project; resumable after any page.

        A listing that the registry refuses is a payload that cannot be interpreted: the others are read. A cursor of
        `changed_since` is not a cursor of `pages`: the listing starts from scratch.
        """
        at: Cursor = dict(cursor) if cursor and "stage" in cursor else {"stage": STAGES[0], "since": self._now()}
        projects = self._api.projects()
        for stage in STAGES[STAGES.index(at["stage"]) :]:
            position = at if at["stage"] == stage else {}
            after, count = position.get("project", ""), int(position.get("count", 0))
            for project in projects:
                if project < after or (project == after and not position.get("page")):
                    continue
                page: int | None = int(position["page"]) if project == after else 1
                while page is not None:
                    payloads, items, more = self._read(stage, project, page)
                    count += len(items)
                    page = page + 1 if more else None
                    done = stage == STAGES[-1] and project == projects[-1] and not more
                    resume = {"stage": stage, "project": project, "page": page, "count": count, "since": at["since"]}
                    yield SourcePage(payloads, resume, done, stage, count)
                    self._note(stage, project, items)  # only after the consumer has processed the page
        if at["stage"] == STAGES[-1] and at.get("project", "") >= projects[-1] and not at.get("page"):
            yield SourcePage([], at, done=True, stage=STAGES[-1], count=int(at.get("count", 0)))

    def changed_since(self, cursor: Cursor | None) -> Iterator[SourcePage]:
        """Yield what differs from the last listing, a page for each kind; the last is `done`.

        Feature views are those that changed since `cursor` (None: a minute ago). In a project in which their number differs, or
        a data source (each `feast apply` updates them, and a restored registry has older ones), they are all views. An
        object that is no longer listed is deleted if the registry confirms it.
        """
        now = self._now()
        since = min(int((cursor or {"since": now})["since"]), now) - _OVERLAP_US
        projects = self._api.projects()
        touched: set[str] = set()
        for stage in STAGES:
            payloads: list[Payload] = []
            changed: dict[_Key, Json] = {}
            missing = [key for key in self._seen if key[0] == stage and key[1] not in projects]
            for project in projects:
                try:
                    items, absent = self._listed(stage, project, None if project in touched else since)
                except RequestRefused as refusal:
                    payloads.append(self._refused(stage, project, refusal))
                    continue
                missing += absent
                changed |= {
                    key: item for key, item in items.items() if key not in self._seen or self._seen[key].digest != _digest(item)
                }
            touched |= {project for _, project, _ in changed}
            gone = [key for key in missing if self._api.is_absent(*key)]
            payloads += [payload for (_, project, _), item in changed.items() for payload in self._payloads(stage, project, item)]
            payloads += self._deletions(changed, gone)
            done = stage == STAGES[-1]
            yield SourcePage(payloads, {"since": now if done else since + _OVERLAP_US}, done, stage, len(payloads), len(payloads))
            self._seen.update((key, self._as_seen(key, item)) for key, item in changed.items())
            for key in gone:
                self._seen.pop(key)

    def _listed(self, stage: str, project: str, since: int | None) -> tuple[dict[_Key, Json], list[_Key]]:
        """Return the listed objects of a kind in a project, views only if changed after `since`, and those that are missing."""
        seen = {key for key in self._seen if key[:2] == (stage, project)}
        if stage == "feature_view" and since is not None:
            items = self._keyed(stage, project, format_time(since))
            if self._api.count(stage, project) == len(seen | items.keys()):
                return items, []
        items = self._keyed(stage, project)
        return items, sorted(seen - items.keys())

    def _keyed(self, stage: str, project: str, updated_since: str | None = None) -> dict[_Key, Json]:
        return {(stage, project, name_of(item)): item for item in self._api.each(stage, project, updated_since)}

    def _deletions(self, changed: Mapping[_Key, Json], gone: Sequence[_Key]) -> list[Payload]:
        """Return the payloads about what ended: the objects that are gone, and the features that views no longer have."""
        now = {key: seen.uris for key, seen in self._seen.items() if key not in gone}
        now |= {key: self._as_seen(key, item).uris for key, item in changed.items()}
        before = [self._seen[key].uris for key in (*changed, *gone) if key in self._seen]
        at = self._now()
        return [self._tool.deleted(uri, at) for uri in sorted(frozenset().union(*before) - frozenset().union(*now.values()))]

    def inventory(self) -> Iterator[AssetUri]:
        """Yield the URI of every view, feature and service, and of the dataset of every data source.

        For a listing that the registry refuses: `refused_listing`, because what it would list is not gone.
        """
        for project in self._api.projects():
            for stage in STAGES:
                try:
                    for item in self._api.each(stage, project):
                        yield from self._uris(stage, project, item)
                except RequestRefused:
                    yield refused_listing(self._instance, _ASSETS[stage], project)
                    if stage == "feature_view":
                        yield refused_listing(self._instance, "feature", project)

    def identities(self) -> dict[str, Identity]:
        """Return nothing: an object with another name is another object."""
        return {}

    def subscribe(self, url: str, secret: str) -> str:
        """Raise `SourceError`: Feast sends no webhooks."""
        del url, secret
        raise SourceError("Feast sends no webhooks: mlgraph polls its registry")

    def _read(self, stage: str, project: str, page: int) -> tuple[list[Payload], list[Json], bool]:
        """Return the payloads and items of a page, and whether another one follows."""
        try:
            found = self._api.listing(stage, project, page)
        except RequestRefused as refusal:
            return [self._refused(stage, project, refusal)], [], False
        return [each for item in found.items for each in self._payloads(stage, project, item)], found.items, found.more

    def _refused(self, stage: str, project: str, refusal: RequestRefused) -> Payload:
        what = f"the {stage.replace('_', ' ')}s of project {project}"
        return self._payload(REFUSED, project, {"what": what, "why": refusal.detail})

    def _payloads(self, stage: str, project: str, item: Json) -> list[Payload]:
        """Return the payload of an object; that of a view is followed by those of its features."""
        known = without_code(item)
        if stage == "data_source":
            return self._data_source(project, known)
        if stage == "feature_service":
            return [self._payload("feast.feature_service", project, {"service": known})]
        spec = known.get("spec", {})
        view = {**known, "spec": {key: value for key, value in spec.items() if key not in ("features", "sources")}}
        return [
            self._payload("feast.feature_view", project, {"view": known}),
            *(self._payload("feast.feature", project, {"view": view, "feature": feature}) for feature in self._features(known)),
        ]

    def _data_source(self, project: str, source: Json) -> list[Payload]:
        """Return the payload of a data source: none of one that is no dataset, or of which no dataset can be named."""
        try:
            dataset = dataset_of(FeastInstance(self._instance, project, self._naming), Located(source))
        except MlgraphError as error:
            what = f"the data source {name_of(source)} of project {project}"
            return [self._payload(REFUSED, project, {"what": what, "why": error.detail})]
        return [self._payload("feast.data_source", project, {"source": source, "dataset": str(dataset)})] if dataset else []

    def _features(self, view: Json) -> list[Json]:
        """Return the features of a view; none of one that cannot be interpreted, which its own payload reports."""
        try:
            names = set(feature_names(Located(view)))
        except MlgraphError:
            return []
        return [each for each in view["spec"].get("features", []) if each["name"] in names]

    def _payload(self, kind: str, project: str, data: Json) -> Payload:
        at = format_time(self._now())
        return {"type": kind, "instance": self._instance, "project": project, "at": at, "data": data}

    def _uris(self, stage: str, project: str, item: Json) -> Iterator[AssetUri]:
        for payload in self._payloads(stage, project, item):
            try:
                uri = subject(payload)
            except MlgraphError:  # reported when its payload is read
                continue
            if uri is not None:
                yield uri

    def _note(self, stage: str, project: str, items: list[Json]) -> None:
        keys = ((stage, project, name_of(item)) for item in items)
        self._seen.update((key, self._as_seen(key, item)) for key, item in zip(keys, items, strict=True))

    def _as_seen(self, key: _Key, item: Json) -> _Seen:
        uris = self._uris(key[0], key[1], item)
        return _Seen(_digest(item), frozenset(uri for uri in uris if uri.namespace == f"feast:{self._instance}"))

    def _now(self) -> int:
        return int(self._clock() * 1e6)


def _digest(item: Json) -> int:
    return hash(json.dumps(without_code(item), sort_keys=True))
