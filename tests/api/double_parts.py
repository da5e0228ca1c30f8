"""Parts of the double of all services: what it records of intake, of changes by people, of sources and of operators."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from mlgraph.domain.errors import DamagedBackup, InvalidInput, MlgraphError, PreconditionFailed, UnknownAsset
from mlgraph.domain.fact_json import parse_line
from mlgraph.domain.naming.naming_context import NamingContext
from mlgraph.domain.payloads.payload import Located, decode_json
from mlgraph.ports.session_store import StoredSession
from mlgraph.services.common.identity import Caller
from mlgraph.services.ingest.interpreting import InterpretedEvent
from tests.api.double_answers import ASSET, CONNECTORS, LAKE, RESTORED, WRITTEN, Body


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


class SessionsInMemory:
    """A store of sessions: files are tested elsewhere."""

    def __init__(self) -> None:
        self.stored: dict[str, StoredSession] = {}
        self.save, self.get = self.stored.__setitem__, self.stored.get

    def delete(self, key: str) -> None:
        self.stored.pop(key, None)

    def prune(self, now_us: int, most: int) -> None:
        del now_us, most


class RecordingDouble(ABC):
    """Records calls."""

    @abstractmethod
    def _note(self, call: str, /, **arguments: object) -> None:
        """Record a call, whose arguments must fit the signature of the real service."""


class ChangesDouble(RecordingDouble):
    """The part of the double that changes assets."""

    def change(self, uri: str, body: object, caller: Caller, if_match: list[str] | None) -> Body:
        self._note("change", uri=uri, body=body, caller=caller, if_match=if_match)
        if uri != LAKE:
            raise UnknownAsset(f"no fact and no reference has named {uri}")
        if if_match is not None and ASSET["etag"] not in if_match:
            raise PreconditionFailed(f"{uri} was changed since")
        return {**ASSET, "changed": list(body) if isinstance(body, dict) else []}


@dataclass
class IntakeDouble(RecordingDouble):
    """The part of the double that takes facts and events."""

    received: list[bytes] = field(default_factory=list)
    store_intact: bool = True

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


@dataclass
class OperatorDouble(RecordingDouble):
    """The part of the double for operators: export, backup, sources, health."""

    graph_watermark: int = 1
    export_lines: int = 3
    break_export_at: int | None = None
    closed: int = 0
    source_error: str | None = None
    received: list[bytes] = field(default_factory=list)

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

    def connect(self, kind: str, url: str, name: str | None, caller: Caller, naming: NamingContext) -> Body:
        self._note("connect", kind=kind, url=url, name=name, caller=caller, naming=naming)
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

    def connectors(self, url: str, *, needs_token: bool) -> Body:
        self._note("connectors", url=url, needs_token=needs_token)
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

    def progress(self) -> Body:
        return {"watermark": self.graph_watermark, "assets": 7, "behind": False, "lag_s": 0.0}

    def metrics(self) -> bytes:
        self._note("metrics")
        return b"mlgraph_watermark 42\n"
