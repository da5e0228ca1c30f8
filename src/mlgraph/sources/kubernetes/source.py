"""The Kubernetes source adapter: lists of workloads and InferenceServices, and what changed in them since the last list."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from mlgraph.connectors.kubernetes.cluster import Cluster
from mlgraph.connectors.kubernetes.inference_services import revisions_of
from mlgraph.connectors.kubernetes.objects import API_TYPES, INFERENCE_SERVICE, ApiType, api_type, names_model, reduced
from mlgraph.connectors.kubernetes.payloads import REFUSED, REVISION, WORKLOAD
from mlgraph.connectors.kubernetes.tool import KubernetesTool, refused_listing, type_in
from mlgraph.connectors.kubernetes.workloads import service_uri
from mlgraph.domain.errors import InvalidInput, MlgraphError, SourceError
from mlgraph.domain.payloads.payload import EventDocument, canonical_json
from mlgraph.domain.timestamps import format_time
from mlgraph.domain.uri import AssetUri
from mlgraph.ports.source_adapter import Access, CircuitState, Cursor, Gone, Identity, Payload, ProbeResult, SourcePage
from mlgraph.sources.http import MISSING, Json, RequestRefused, RetryPolicy
from mlgraph.sources.kubernetes.api import KubernetesApi, connect, place


@dataclass(frozen=True, slots=True)
class _Answer:
    """A complete list of a type as payloads, by deployment; or its refusal, as a payload that reports it."""

    payloads: Mapping[AssetUri, Payload] = field(default_factory=dict)
    refused: Sequence[Payload] = ()

    @property
    def is_complete(self) -> bool:
        return not self.refused

    @property
    def everything(self) -> list[Payload]:
        return [*self.payloads.values(), *self.refused]

    @property
    def contents(self) -> Mapping[AssetUri, str]:
        """The content of each deployment, without the time of reading."""
        return {uri: canonical_json(payload["data"]) for uri, payload in self.payloads.items()}


class KubernetesSource:
    """One cluster. `fetch` is thread-safe; all other methods are for one thread at a time."""

    name: Final = "kubernetes"

    def __init__(self, access: Access, *, retries: RetryPolicy | None = None, clock: Callable[[], float] = time.time) -> None:
        """Open connections to the API at `access`. Raises `InvalidInput` if its address is not a URL."""
        self._api = KubernetesApi(connect(access, retries))
        self._instance = access.instance or place(access.url)
        self._clock = clock
        self._tool = KubernetesTool()
        self._seen: dict[str, dict[AssetUri, str]] = {}
        """The content of each deployment in the last complete list of each type, as JSON without the time of reading."""

    @property
    def instance(self) -> str:
        """The name of this cluster in the namespace `kubernetes:INSTANCE`."""
        return self._instance

    def circuit(self) -> CircuitState:
        """Return the state of the circuit breaker."""
        return self._api.circuit()

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def probe(self) -> ProbeResult:
        """Return the version of Kubernetes and the number of objects of each type that the token may list.

        Raises `SourceError` if the server is no Kubernetes API, or the token may list nothing.
        """
        counts: dict[str, int] = {}
        refusals: list[RequestRefused] = []
        more = False
        for found in API_TYPES:
            try:
                count = self._api.count(found)
            except RequestRefused as refusal:
                refusals.append(refusal)
                continue
            counts[found.plural] = count.number
            more = more or count.more
        if not counts:
            raise refusals[0]
        return ProbeResult(self._api.version(), counts, more=more)

    def fetch(self, kind: str, id: str) -> Payload | Gone:  # noqa: A002 - the source's word
        """Return the payload of a deployment (`NAMESPACE/TYPE/NAME`, and `/REVISION` of an InferenceService).

        `Gone` only where the cluster itself says that there is no such object, or the object names no model, or the revision
        gets no requests. Raises `SourceError` where the cluster fails or may not show it, and `InvalidInput` for an unknown kind.
        """
        uri = AssetUri("deployment", f"kubernetes:{self._instance}", id) if kind == "deployment" else None
        found = api_type(type_in(uri) or "") if uri is not None else None
        if uri is None or found is None:
            raise InvalidInput(f"Kubernetes has no {kind[:60]!r} {id[:100]!r}: it is deployment, NAMESPACE/TYPE/NAME")
        namespace, _, name, *_ = id.split("/")
        item = self._api.get(found, namespace, name)
        if item is MISSING:
            return Gone(kind, id, uri)
        return self._payloads(found, [item]).get(uri) or Gone(kind, id, uri)

    def pages(self, cursor: Cursor | None = None) -> Iterator[SourcePage]:
        """Yield all objects, a page for each type; resumable after any page.

        A type that the cluster refuses to list is a payload that cannot be interpreted: the others are read.
        """
        names = [found.singular for found in API_TYPES]
        read = names.index(cursor["stage"]) + 1 if cursor and cursor.get("stage") in names else 0
        for found in API_TYPES[read:]:
            answer = self._read(found)
            payloads = answer.everything
            is_last = found is API_TYPES[-1]
            yield SourcePage(payloads, {"stage": found.singular}, is_last, found.singular, len(payloads), len(payloads))
            self._note(found, answer)
        if read == len(names):
            yield SourcePage([], {"stage": names[-1]}, done=True, stage=names[-1], count=0)

    def changed_since(self, cursor: Cursor | None) -> Iterator[SourcePage]:
        """Yield what differs from the last complete list, a page for each type; the last is `done`.

        A deployment that is no longer listed ended if the cluster confirms it for that object alone.
        """
        del cursor
        for found in API_TYPES:
            answer, before = self._read(found), self._seen.get(found.singular, {})
            payloads = [*answer.refused]
            if answer.is_complete:
                payloads += [answer.payloads[uri] for uri, content in answer.contents.items() if before.get(uri) != content]
                missing = sorted(before.keys() - answer.contents.keys())
                ended = [uri for uri in missing if isinstance(self.fetch("deployment", uri.name), Gone)]
                payloads += [self._tool.deleted(uri, self._now()) for uri in ended]
            is_last = found is API_TYPES[-1]
            yield SourcePage(payloads, {"polled": True}, is_last, found.singular, len(payloads), len(payloads))
            self._note(found, answer)

    def inventory(self) -> Iterator[AssetUri]:
        """Yield the URI of every deployment, and of every service that one answers for.

        For a type that the cluster refuses to list: `refused_listing`, because what it would list is not gone.
        """
        for found in API_TYPES:
            try:
                items = self._api.each(found)
            except RequestRefused:
                yield refused_listing(self._instance, found.singular)
                continue
            for payload in self._payloads(found, items).values():
                item = EventDocument(payload["data"]["object"])
                yield self._tool_subject(payload)
                service = service_uri(self._cluster(), item)
                if service is not None:
                    yield service

    def identities(self) -> Mapping[str, Identity]:
        """Return nothing: an object with another name is another object."""
        return {}

    def subscribe(self, url: str, secret: str) -> str:
        """Raise `SourceError`: a cluster sends no webhooks."""
        del url, secret
        raise SourceError("Kubernetes sends no webhooks: mlgraph polls its API")

    def _read(self, found: ApiType) -> _Answer:
        try:
            items = self._api.each(found)
        except RequestRefused as refusal:
            error = f"Kubernetes refuses to list {found.plural}, all else is read: {refusal.detail}"
            return _Answer(refused=[{"type": REFUSED, "instance": self._instance, "data": {"error": error}}])
        return _Answer(self._payloads(found, items))

    def _note(self, found: ApiType, answer: _Answer) -> None:
        """Remember a complete list, once the consumer has processed its page."""
        if answer.is_complete:
            self._seen[found.singular] = dict(answer.contents)

    def _payloads(self, found: ApiType, items: list[Json]) -> dict[AssetUri, Payload]:
        """Return a payload for each deployment among objects: an object with several revisions is several."""
        payloads: dict[AssetUri, Payload] = {}
        at = format_time(self._now())
        for item in items:
            if not names_model(item):
                continue
            copied = reduced(item)
            kind = WORKLOAD
            contents: list[Json] = [{"object": copied}]
            if found is INFERENCE_SERVICE:
                revisions = revisions_of(EventDocument(copied))
                kind = REVISION
                contents = [{"object": copied, **({"revision": one.name} if one.name else {})} for one in revisions]
            for data in contents:
                payload = {"type": kind, "instance": self._instance, "at": at, "data": data}
                payloads[self._tool_subject(payload)] = payload
        return payloads

    def _tool_subject(self, payload: Payload) -> AssetUri:
        try:
            uri = self._tool.subject(payload)
        except MlgraphError as error:
            raise SourceError(f"Kubernetes' answer has an object that cannot be read: {error.detail}") from None
        if uri is None:
            raise SourceError("Kubernetes' answer has an object that is no deployment")
        return uri

    def _cluster(self) -> Cluster:
        return Cluster(self._instance, self._now())

    def _now(self) -> int:
        return int(self._clock() * 1_000_000)
