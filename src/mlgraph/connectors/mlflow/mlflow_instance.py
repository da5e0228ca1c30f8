"""An MLflow instance as the context of a payload, and parsing of names, times and key-value lists in payloads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.facts import AssetRetraction, Statement
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.redaction.json_values import redact
from mlgraph.domain.uri import MAX_URI_CHARS, AssetUri

ORIGIN: Final = "mlflow"
_LAST_MS: Final = 253_402_300_799_999  # the end of the year 9999
_LONGEST: Final = 15


@dataclass(frozen=True, slots=True)
class MlflowInstance:
    """The MLflow instance that a payload is about, with the payload's time and the known state of its subject."""

    name: str
    scope: str | None = None
    """The scope of ambiguous locations of datasets, such as files of the machine that trained."""
    at: int | None = None
    known_since: int | None = None
    known_created: int | None = None
    """The creation time of the known object with the subject's name, which may be another object than the payload's."""
    known_points_to: Mapping[AssetUri, frozenset[str]] | None = None
    known_ended: bool = False
    """Whether the subject was deleted, as far as is known."""

    def uri(self, kind: str, name: str) -> AssetUri:
        """Return the URI of the object `name` of this instance. Raises `InvalidInput` for a name that a URI cannot contain."""
        uri = AssetUri(kind, f"mlflow:{self.name}", name)
        if len(str(uri)) > MAX_URI_CHARS:
            raise InvalidInput(f"the {kind} {name[:60]!r} has a URI over the limit of {MAX_URI_CHARS} characters")
        return uri

    def since(self, changed: int) -> int | None:
        """Return the start of a state's validity: its time of change, or None for the time of recording.

        MLflow updates no time when a tag, an alias or a metric of a logged model is set. If the known state has the same
        time of change, a different state became valid later, and only the time of its recording is known.
        """
        return changed if self.known_since is None or changed > self.known_since else None

    def of_creation(self, uri: AssetUri, created: int) -> tuple[MlflowInstance, list[Statement]]:
        """Return the context of a subject that was `created` then, with a retraction of an older known object of that name.

        If an object was deleted and its name reused between two polls, the new object must not get the edges of the old one. The
        retraction is a microsecond earlier, because a retraction also closes intervals that opened at its time.
        """
        if self.known_created is None or created <= self.known_created:
            return self, []
        new_instance = replace(self, known_since=None, known_created=None, known_points_to=None)
        return new_instance, [AssetRetraction(uri, ORIGIN, created - 1)]


def micros(found: Located) -> int:
    """Return a time of MLflow (milliseconds since the epoch) in microseconds."""
    value = found.value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _LONGEST:
        value = int(value)  # protobuf's JSON form allows 64-bit integers as strings
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LAST_MS:
        found.fail("must be a time in milliseconds since 1970-01-01")
    return value * 1000


def step_of(metric: Located) -> int:
    """Return the step of a metric; 0 if it has none."""
    step = metric.get("step")
    return step.value if step and isinstance(step.value, int) else 0


def entries(parent: Located, key: str) -> Iterator[Located]:
    """Yield the items of a list, which MLflow omits if it is empty."""
    found = parent.get(key)
    return found.items() if found else iter(())


def table(parent: Located, key: str) -> dict[str, str]:
    """Return a list of {key, value} as a mapping with redacted secrets."""
    read = {each.need("key").text(): _value(each) for each in entries(parent, key)}
    redacted: dict[str, str] = redact(read)
    return redacted


def tags_of(pairs: dict[str, str]) -> list[str]:
    """Return the tags of users as `key:value`, or `key` for an empty value; tags of MLflow itself are omitted."""
    return sorted(f"{key}:{value}" if value else key for key, value in pairs.items() if not key.startswith("mlflow."))


def without_empty(**values: object) -> dict[str, Any]:
    """Return the values that are not None, an empty text, list or mapping."""
    return {key: value for key, value in values.items() if value is not None and value not in ("", [], {})}


def optional(parent: Located, key: str) -> str | None:
    """Return a text member; None where it is absent or empty."""
    found = parent.get(key)
    return (found.text() or None) if found else None


def _value(entry: Located) -> str:
    found = entry.get("value")
    return found.text() if found else ""
