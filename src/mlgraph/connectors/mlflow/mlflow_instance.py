"""MLflow's words read into ours: names, times, lists of key and value. What all payloads of a registry share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.facts import AssetRetraction, Statement
from mlgraph.domain.payload import Located
from mlgraph.domain.redaction import redact
from mlgraph.domain.uri import MAX_URI_CHARS, AssetUri

ORIGIN: Final = "mlflow"
_LAST_MS: Final = 253_402_300_799_999  # the end of the year 9999
_LONGEST: Final = 15


@dataclass(frozen=True, slots=True)
class MlflowInstance:
    """The MLflow instance that a payload speaks of, when that was so, and since when the graph holds its subject."""

    instance: str
    scope: str | None = None
    """What scopes the places of datasets that mean nothing by themselves, such as files of the machine that trained."""
    at: int | None = None
    known_since: int | None = None
    known_created: int | None = None
    """When the thing was created that the graph holds under the subject's name, which may be another than the one told of."""
    known_points_to: Mapping[AssetUri, frozenset[str]] | None = None

    def uri(self, kind: str, name: str) -> AssetUri:
        """Return the URI of what MLflow calls `name`. Raises `InvalidInput` for what can be no name."""
        uri = AssetUri(kind, f"mlflow:{self.instance}", name)
        if len(str(uri)) > MAX_URI_CHARS:
            raise InvalidInput(f"the {kind} {name[:60]!r} has a URI over the limit of {MAX_URI_CHARS} characters")
        return uri

    def since(self, changed: int) -> int | None:
        """Return from when a state holds: its time of change, or None (from its recording on, if it says anything new).

        MLflow moves no timestamp when a tag, an alias or a logged model's metric is set: once the graph holds a state
        from the time of change given, what differs from it began later, at a moment that only its recording tells.
        """
        return changed if self.known_since is None or changed > self.known_since else None

    def of_creation(self, uri: AssetUri, created: int) -> tuple[MlflowInstance, list[Statement]]:
        """Return the registry for a subject created then, and that a former thing of its name has ended, if one is held.

        A deletion that nobody noticed, because the name was given anew soon, would leave its edges to the new thing. The
        former one ends a microsecond before: a retraction ends what began at its moment, too.
        """
        if self.known_created is None or created <= self.known_created:
            return self, []
        new_instance = replace(self, known_since=None, known_created=None, known_points_to=None)
        return new_instance, [AssetRetraction(uri, ORIGIN, created - 1)]


def micros(found: Located) -> int:
    """Return MLflow's milliseconds since the epoch as microseconds."""
    value = found.value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _LONGEST:
        value = int(value)  # protobuf's JSON form allows 64-bit integers as strings
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LAST_MS:
        found.fail("must be a time in milliseconds since 1970-01-01")
    return value * 1000


def step_of(metric: Located) -> int:
    """Return the step that a metric was recorded at, 0 where it names none."""
    step = metric.get("step")
    return step.value if step and isinstance(step.value, int) else 0


def entries(parent: Located, key: str) -> Iterator[Located]:
    """Yield the items of a list that MLflow leaves out when it is empty."""
    found = parent.get(key)
    return found.items() if found else iter(())


def table(parent: Located, key: str) -> dict[str, str]:
    """Return a list of {key, value} as a mapping, secrets redacted."""
    read = {each.need("key").text(): _value(each) for each in entries(parent, key)}
    redacted: dict[str, str] = redact(read)
    return redacted


def tags_of(pairs: dict[str, str]) -> list[str]:
    """Return people's own tags as `key:value`, or `key` where there is no value; MLflow's are left out."""
    return sorted(f"{key}:{value}" if value else key for key, value in pairs.items() if not key.startswith("mlflow."))


def without_empty(**values: object) -> dict[str, Any]:
    """Return the values that were said: None and empty ones are left out."""
    return {key: value for key, value in values.items() if value is not None and value not in ("", [], {})}


def optional(parent: Located, key: str) -> str | None:
    """Return a text member, or None where it is absent or empty."""
    found = parent.get(key)
    return (found.text() or None) if found else None


def _value(entry: Located) -> str:
    found = entry.get("value")
    return found.text() if found else ""
