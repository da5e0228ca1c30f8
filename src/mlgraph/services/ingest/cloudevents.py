"""CloudEvents 1.0 over HTTP: structured, batched and binary mode (CloudEvents HTTP protocol binding, section 3)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from mlgraph.domain.errors import InvalidInput, MlgraphError, NotJson, TooLarge
from mlgraph.domain.payloads.payload import Located
from mlgraph.ports.connector import OWN_EVENT_TYPES
from mlgraph.services.ingest.json_reading import read_json

MAX_BATCH: Final = 10_000
"""Events in a batch at most: they share one transaction, which blocks other appends."""
_STRUCTURED: Final = "application/cloudevents+json"
_BATCH: Final = "application/cloudevents-batch+json"
_FACT, _FACTS = OWN_EVENT_TYPES


@dataclass(frozen=True, slots=True)
class Envelope:
    """One CloudEvent: its common attributes and the complete document."""

    id: str
    source: str
    type: str
    subject: str | None
    document: dict[str, Any]

    @classmethod
    def of(cls, event: Located) -> Envelope:
        """Read a structured event. Raises `InvalidInput` with the pointer of a missing or wrong attribute."""
        version = event.need("specversion")
        if version.text() != "1.0":
            version.fail(f"CloudEvents {version.text()[:20]!r} is not supported; send specversion 1.0")
        if time := event.get("time"):
            time.time()
        subject = event.get("subject")
        return cls(
            event.need("id").name(),
            event.need("source").name(),
            event.need("type").name(),
            subject.text() if subject else None,
            event.mapping(),
        )

    @property
    def media_type(self) -> str | None:
        """The media type of the data (`datacontenttype`), if it is given."""
        media_type = self.document.get("datacontenttype")
        return media_type if isinstance(media_type, str) else None

    @property
    def many(self) -> bool:
        """Whether the data is a list of facts."""
        return self.type == _FACTS

    @property
    def carries_facts(self) -> bool:
        """Whether the data is a fact, or a list of facts."""
        return self.type in (_FACT, _FACTS)

    def need_data(self) -> Any:
        """Return the event's data as a JSON value. Raises `InvalidInput` if it has none, or none that can be read."""
        encoded = self.document.get("data_base64")
        if isinstance(encoded, str):
            try:
                return read_json(base64.b64decode(encoded, validate=True))
            except binascii.Error:
                raise InvalidInput("is not base64", pointer="/data_base64") from None
            except NotJson as error:
                raise InvalidInput(error.detail, pointer="/data_base64") from None
        if self.document.get("data") is None:
            raise InvalidInput("'data' is missing", pointer="/data")
        return self.document["data"]

    def fact_lines(self) -> list[Any]:
        """Return the facts in the data. Raises `InvalidInput` as `need_data` does."""
        data = self.need_data()
        if not self.many:
            return [data]
        return [item.value for item in Located(data, "/data").items()]


def read_envelopes(headers: Mapping[str, str], body: bytes) -> Iterator[Envelope | MlgraphError]:
    """Yield each event of a request, or the error that rejects it.

    Raises `NotJson`, `InvalidInput` or `TooLarge` if the entire request cannot be read.
    """
    lower = {key.lower(): value for key, value in headers.items()}
    media = lower.get("content-type", "").partition(";")[0].strip().lower()
    if "ce-specversion" in lower and media not in (_STRUCTURED, _BATCH):
        documents: list[Any] = [_binary(lower, media, body)]
    else:
        document = read_json(body)
        documents = document if isinstance(document, list) else [document]
        if len(documents) > MAX_BATCH:
            raise TooLarge(
                f"a batch may have at most {MAX_BATCH:,} events, this one has {len(documents):,}: send it in parts, "
                "or send events and facts as NDJSON, which is streamed"
            )
    for document in documents:
        try:
            yield Envelope.of(Located(document))
        except InvalidInput as error:
            yield error


def _binary(headers: Mapping[str, str], media: str, body: bytes) -> dict[str, Any]:
    attributes: dict[str, Any] = {key[3:]: unquote(value) for key, value in headers.items() if key.startswith("ce-")}
    attributes["datacontenttype"] = media
    if body.strip():
        attributes["data"] = read_json(body)
    return attributes
