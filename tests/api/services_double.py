"""A double of all services that records calls and returns constant answers, for tests of HTTP and of the command line.

Answers of the graph itself are tested elsewhere, over the real services and a real PostgreSQL. The arguments of each recorded
call are checked against the signature of the real service.
"""

import hashlib
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from fastapi import FastAPI

from mlgraph.api.app import create_app
from mlgraph.api.http.limits import ServerLimits
from mlgraph.api.schema import discovery_examples, operations
from mlgraph.domain.errors import DamagedBackup, InvalidInput, MlgraphError, PreconditionFailed, UnknownAsset
from mlgraph.domain.fact_json import parse_line
from mlgraph.domain.options.search_options import SearchOptions
from mlgraph.domain.options.walk_options import WalkOptions
from mlgraph.domain.payloads.payload import Located, decode_json
from mlgraph.services.common.identity import Caller, Tokens
from mlgraph.services.curation.annotations import Annotations
from mlgraph.services.discovery.changes.change_feed import ChangeFeed
from mlgraph.services.discovery.pull_requests.changed_files import ChangedFilesRequest
from mlgraph.services.ingest.intake import Intake
from mlgraph.services.ingest.interpreting import InterpretedEvent
from mlgraph.services.queries.asset_names import AssetNames
from mlgraph.services.queries.query import Queries
from mlgraph.services.search.search_queries import SearchQueries
from mlgraph.services.server.archives import Archives
from mlgraph.services.server.bundle import ServerServices
from mlgraph.services.server.health import Health
from mlgraph.services.sources.source_manager import SourceManager

Body = dict[str, Any]
SERVICES: Final = (Annotations, Archives, SourceManager, Health, Intake, Queries, SearchQueries, AssetNames)

LAKE = "mlg://dataset/s3%3A%2F%2Flake/ratings%2Fdaily"
TOKEN = "a-token-that-is-known"  # noqa: S105 - a token of these tests
ASSET: Body = {
    "uri": LAKE,
    "kind": "dataset",
    "name": "ratings/daily",
    "description": "All ratings of a day",
    "owners": ["mlg://team/org/data"],
    "tags": ["gold"],
    "links": ["https://wiki.example/ratings"],
    "deprecated": False,
    "successor": None,
    "fields": {
        "description": {
            "value": "All ratings of a day",
            "origin": "curation",
            "actor": "ann",
            "at": "2026-11-02T00:00:00Z",
            "others": [{"value": "ratings", "origin": "dbt", "actor": "ci", "at": "2026-11-01T00:00:00Z"}],
        },
    },
    "properties": {"rows": 12, "big": 2**70},
    "environment": None,
    "origins": ["facts"],
    "valid_from": "2026-11-01T00:00:00Z",
    "deleted_at": None,
    "names": [],
    "ambiguous": [],
    "referenced_only": False,
    "relations": [],
    "relations_total": 0,
    "history": [],
    "health": {"status": "unknown", "reasons": []},
    "usage": {"reads": {"runs_30d": 1, "requests_30d": 2_000}, "last_read_at": "2026-11-20T00:00:00Z"},
    "etag": "5f1d7a84db00d2fce00b31a7",
    "as_of": "2026-11-21T10:00:00Z",
    "partial": False,
    "reason": None,
    "cold_runs": 0,
    "watermark": 42,
}
DIFF: Body = {
    "from": "2026-11-01T00:00:00Z",
    "to": "2026-11-02T00:00:00Z",
    "uri": None,
    "assets": [{"uri": LAKE, "kind": "dataset", "name": "ratings/daily", "change": "added", "before": None, "after": {}}],
    "edges": [],
    "total": 1,
    "partial": False,
    "reason": None,
    "cold_runs": 0,
    "watermark": 42,
}
WRITTEN: Body = {"watermark": 42, "warnings": [{"pointer": "/inputs/0", "message": "left out"}], "warnings_total": 1}
LIVE: Body = {"services": [], "as_of": "2026-11-21T10:00:00Z", "watermark": 42}
CONNECTORS: Body = {
    "connectors": [
        {
            "name": name,
            "accepts_events": name != "mlflow",
            "connects": name == "mlflow",
            "event_types": ["RunEvent"],
            "kinds": ["run"],
            "relations": ["input_to"],
            "redacted": ["/user"],
            "cloudevent_types": [],
            "media_types": [],
            "mentions_in_passing": True,
        }
        for name in ("openlineage", "mlflow")
    ],
    "watermark": 42,
}

RESTORED: Body = {
    "made_at": "2026-11-01T00:00:00Z",
    "schema": 2,
    "from_schema": 1,
    "instance": "9a1c6f0e-9d1f-4a33-8b4e-0b8f6f6f0c11",
    "from_instance": None,
    "rows": {"tx": 42, "asset": 1_000},
    "watermark": 42,
}


class NoPages:
    """Pages of a graph without assets: GraphQL is tested over real services."""

    def asset(self, uri: str, as_of: str | None = None) -> object:
        raise UnknownAsset(f"no fact names {uri} at {as_of}")

    def impact(self, uri: str, *_: object, **__: object) -> object:
        raise UnknownAsset(f"no fact names {uri}")

    def page(self, q: str, *_: object) -> object:
        raise InvalidInput(f"nothing matches {q}", pointer="q")

    def includes(self, watermark: int) -> bool:
        return watermark < 2**62


class ChangesDouble:
    """The part of the double that changes assets."""

    def _note(self, call: str, /, **arguments: object) -> None:
        raise NotImplementedError

    def change(self, uri: str, body: object, caller: Caller, if_match: list[str] | None) -> Body:
        self._note("change", uri=uri, body=body, caller=caller, if_match=if_match)
        if uri != LAKE:
            raise UnknownAsset(f"no fact and no reference has named {uri}")
        if if_match is not None and ASSET["etag"] not in if_match:
            raise PreconditionFailed(f"{uri} was changed since")
        return {**ASSET, "changed": list(body) if isinstance(body, dict) else []}


@dataclass
class Double(ChangesDouble):
    """All services in one object; `calls` records their calls, `failure` is raised by each call."""

    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    failure: Exception | None = None
    received: list[bytes] = field(default_factory=list)
    store_intact: bool = True
    export_lines: int = 3
    break_export_at: int | None = None
    closed: int = 0
    source_error: str | None = None
    watermark: int = -1
    brief: bool = False
    resolutions: dict[str, Body] = field(default_factory=dict)
    """What `matches` answers about some names; others are those of one asset."""
    known: Tokens = field(default_factory=lambda: Tokens({hashlib.sha256(TOKEN.encode()).hexdigest(): Caller("ci")}))

    @property
    def intake(self) -> "Double":
        return self

    @property
    def queries(self) -> "Double":
        return self

    @property
    def search_queries(self) -> "Double":
        return self

    @property
    def changed_files(self) -> "Double":
        return self

    @property
    def search_pages(self) -> NoPages:
        return NoPages()

    @property
    def pages(self) -> NoPages:
        return NoPages()

    @property
    def connections(self) -> "Double":
        return self

    @property
    def health(self) -> "Double":
        return self

    @property
    def archives(self) -> "Double":
        return self

    @property
    def annotations(self) -> "Double":
        return self

    @property
    def tokens(self) -> "Double":
        return self

    def _note(self, call: str, /, **arguments: object) -> None:
        [method] = [getattr(service, call) for service in SERVICES if hasattr(service, call)]
        inspect.signature(method).bind_partial(self, **arguments)
        self.calls.append((call, arguments))
        if self.failure is not None:
            raise self.failure

    def caller(self, bearer: str | None, *, loopback: bool) -> Caller:
        return self.known.caller(bearer, loopback=loopback)

    def facts(self, lines: Iterable[bytes], caller: Caller) -> Body:
        self._note("facts", caller=caller)
        return self._take(lines, lambda line: parse_line(Located(decode_json(line)), "facts"))

    def ingest_lines(self, form: str, lines: Iterable[bytes], caller: Caller) -> Body:
        self._note("ingest_lines", form=form, caller=caller)
        warnings: list[Body] = []

        def parse(line: bytes) -> None:
            event = Located(decode_json(line))
            event.need("run")
            warnings.extend({"index": len(self.received) - 1, **each} for each in event.value.get("warnings", ()))

        return {**self._take(lines, parse), "warnings": warnings, "warnings_total": len(warnings)}

    def _take(self, lines: Iterable[bytes], parse: Callable[[bytes], object]) -> Body:
        self.store_intact = False
        accepted, rejected = 0, []
        for index, line in enumerate(lines):
            self.received.append(line)
            if not line.strip():
                continue
            try:
                parse(line)
                accepted += 1
            except MlgraphError as error:
                rejected.append({"index": index, "pointer": error.pointer or "", "message": error.detail})
        self.store_intact = True
        return {"accepted": accepted, "duplicates": 0, "rejected": rejected, "watermark": 42}

    def is_quick(self, form: str, size: int) -> bool:
        del form, size
        return False

    def interpret(self, form: str, body: bytes, caller: Caller) -> InterpretedEvent:
        raise AssertionError(f"no {form} event is quick: {caller} sent {body!r}")

    def store(self, event: InterpretedEvent) -> Body:
        raise AssertionError(f"no event was interpreted: {event}")

    def store_async(self, event: InterpretedEvent, done: Callable[[Body | BaseException], None]) -> bool:
        raise AssertionError(f"no event was interpreted: {event}, {done}")

    def ingest(self, form: str, body: bytes, caller: Caller) -> Body:
        self._note("ingest", form=form, body=body, caller=caller)
        Located(decode_json(body)).need("eventTime")
        return WRITTEN

    def cloudevents(self, headers: Mapping[str, str], body: bytes, caller: Caller) -> Body:
        self._note("cloudevents", headers=dict(headers), body=body, caller=caller)
        return {"accepted": 1, "duplicates": 0, "rejected": [], "watermark": 42, "warnings": [], "warnings_total": 0}

    def dead_letters(self, limit: int, cursor: str | None) -> Body:
        self._note("dead_letters", limit=limit, cursor=cursor)
        return {"dead_letters": [], "total": 0, "partial": False, "reason": None, "frontier": None, "watermark": 42}

    def replay(self, letter_id: int, caller: Caller) -> Body:
        self._note("replay", letter_id=letter_id, caller=caller)
        return {"replayed": True, "watermark": 43}

    def wait_for(self, watermark: int) -> None:
        self._note("wait_for", watermark=watermark)

    def reached(self, watermark: int) -> bool:
        return watermark <= self.watermark

    def lineage_at_once(self, uri: str, options: WalkOptions) -> Body | None:
        return self.lineage(uri, options) if self.brief else None

    def lineage(self, uri: str, options: WalkOptions) -> Body:
        self._note("lineage", uri=uri, options=options)
        return dict(operations.LINEAGE)

    def impact(self, uri: str, options: WalkOptions, *, change: str | None) -> Body:
        self._note("impact", uri=uri, options=options, change=change)
        return dict(operations.IMPACT)

    def propagation(self, uri: str, **options: object) -> Body:
        self._note("propagation", uri=uri, **options)
        return dict(operations.PROPAGATION)

    def wait_until(self, watermark: int) -> None:
        self._note("wait_until", watermark=watermark)

    def includes(self, watermark: int) -> bool:
        return watermark <= self.watermark

    def search(self, q: str, options: SearchOptions, *, at_least: int) -> Body:
        self._note("search", q=q, options=options, at_least=at_least)
        return dict(operations.SEARCH)

    def impact_of(self, request: ChangedFilesRequest) -> Body:
        self._note("impact_of", request=request)
        return dict(operations.CHANGED_FILES)

    def path(self, source: str, target: str, **options: object) -> Body:
        self._note("path", source=source, target=target, **options)
        return dict(operations.PATH)

    def asset(self, uri: str, **options: object) -> Body:
        self._note("asset", uri=uri, **options)
        if uri != LAKE:
            raise UnknownAsset(f"no fact and no reference has named {uri}")
        return ASSET

    @property
    def names(self) -> "NamesDouble":
        return NamesDouble(self)

    def matches(self, name: str) -> Body:
        self._note("matches", name=name)
        return {**discovery_examples.RESOLVED, "name": name, **self.resolutions.get(name, {})}

    @property
    def changes(self) -> "ChangeFeedDouble":
        return ChangeFeedDouble(self)

    def why(self, source: str, relation: str, target: str, **options: object) -> Body:
        self._note("why", source=source, relation=relation, target=target, **options)
        return dict(operations.WHY)

    def diff(self, from_: str, to: str, uri: str | None, **options: object) -> Body:
        self._note("diff", from_=from_, to=to, uri=uri, **options)
        return DIFF

    def live(self, service: str | None, **options: object) -> Body:
        self._note("live", service=service, **options)
        return LIVE

    def export(self) -> Iterator[bytes]:
        self._note("export")
        try:
            for number in range(self.export_lines):
                if number == self.break_export_at:
                    raise RuntimeError("the store went away")
                yield b'{"asset":{"uri":"mlg://dataset/a/%d"}}\n' % number
        finally:
            self.closed += 1

    def backup(self, caller: Caller) -> Iterator[bytes]:
        self._note("backup", caller=caller)
        for number in range(3):
            if number == self.break_export_at:
                raise RuntimeError("the store went away")
            yield b"part %d;" % number

    def restore(self, pieces: Iterable[bytes], caller: Caller) -> Body:
        self._note("restore", caller=caller)
        content = b"".join(pieces)
        self.received.append(content)
        if not content.startswith(b"part 0;"):
            raise DamagedBackup("this is no backup of mlgraph")
        return RESTORED

    def connect(self, kind: str, url: str, name: str | None, caller: Caller) -> Body:
        self._note("connect", kind=kind, url=url, name=name, caller=caller)
        if kind != "mlflow":
            raise InvalidInput(f"unknown kind of source {kind!r}; known are mlflow", pointer="/kind")
        return {"name": name or "mlflow:5000", "kind": kind, "url": url, "state": "backfilling"}

    def test(self, name: str, caller: Caller) -> Body:
        self._note("test", name=name, caller=caller)
        return {
            "name": name,
            "kind": "mlflow",
            "url": "http://mlflow:5000",
            "ok": self.source_error is None,
            "version": "3.17.2",
            "counts": {"experiments": 2},
            "more": False,
            "error": self.source_error,
            "authenticated": True,
            "took_ms": 1.5,
        }

    def connectors(self) -> Body:
        self._note("connectors")
        return CONNECTORS

    def sources(self) -> Body:
        self._note("sources")
        return {"sources": [], "warnings": [], "watermark": 42}

    def sync(self, name: str | None, caller: Caller) -> Body:
        self._note("sync", name=name, caller=caller)
        return {"sources": [], "warnings": [], "watermark": 42}

    def webhook(self, name: str, headers: Mapping[str, str], body: bytes) -> Body:
        self._note("webhook", name=name, headers=dict(headers), body=body)
        return {"watermark": 42}

    def ready(self) -> Body:
        self._note("ready")
        return {"status": "ready"}

    def metrics(self) -> bytes:
        self._note("metrics")
        return b"mlgraph_watermark 42\n"


class ChangeFeedDouble:
    """The feed of changes."""

    def __init__(self, double: Double) -> None:
        self._double = double

    def changes(self, from_: str | None, to: str | None, **options: object) -> Body:
        inspect.signature(ChangeFeed.changes).bind_partial(self, from_, to, **options)
        self._double.calls.append(("changes", {"from_": from_, "to": to, **options}))
        return dict(discovery_examples.CHANGES)


class NamesDouble:
    """Both the call `names` of the queries and the service of that name."""

    def __init__(self, double: Double) -> None:
        self._double = double
        self.matches = double.matches
        self.uri_of = str

    def __call__(self, uri: str | None) -> Body:
        self._double._note("names", uri=uri)
        return dict(operations.NAMES)


def app_over(double: Double, *, loopback: bool = True, limits: ServerLimits | None = None) -> FastAPI:
    """Return the application over a double of all services."""
    return create_app(cast("ServerServices", double), loopback=loopback, limits=limits)
