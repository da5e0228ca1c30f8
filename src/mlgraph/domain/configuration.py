"""The validated content of mlgraph.yaml: sources, declared identity, rules, noise (docs/configuration.md). No secrets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from mlgraph.domain.naming.naming_context import NamingContext
from mlgraph.domain.uri import AssetUri


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """Limits of the load on a source: requests a second, concurrent requests, and the time-out of one request."""

    requests_per_s: float = 50.0
    concurrency: int = 4
    timeout_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """Intervals in seconds at which a source is read: changes (poll), existing names (sweep), all content (full sweep)."""

    poll_s: float = 10.0
    sweep_s: float = 6 * 3600.0
    full_sweep_s: float = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class SecretPlace:
    """The location of a source's credentials: an environment variable or a file, exactly one of the two; never the secret.

    With `user` the secret is that user's password (HTTP Basic), without one it is a bearer token.
    """

    env: str | None = None
    file: Path | None = None
    user: str | None = None


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """The configuration of a source. `scope`, `place` and `registry` decide the names in its answers (`NamingContext`)."""

    name: str
    kind: str
    url: str
    scope: str
    place: str | None = None
    registry: str | None = None
    credentials: SecretPlace | None = None
    environment: str | None = None
    schedule: Schedule = Schedule()
    limits: RequestLimits = RequestLimits()

    @property
    def naming(self) -> NamingContext:
        """What they say about the names in its answers."""
        return NamingContext(self.scope, self.place, self.registry)


@dataclass(frozen=True, slots=True)
class DeclaredAlias:
    """`name` is another name of `of` in [valid_from, valid_to) (microseconds since the epoch; None: unbounded)."""

    name: AssetUri
    of: AssetUri
    valid_from: int | None = None
    valid_to: int | None = None


@dataclass(frozen=True, slots=True)
class DeclaredDistinct:
    """These are different assets, whatever sources report."""

    assets: tuple[AssetUri, ...]


@dataclass(frozen=True, slots=True)
class NoiseRule:
    """A rule for assets that answers hide: those of `kind` whose complete name, as in their URI, matches.

    Without `match` it hides failed runs that a retry replaced.
    """

    name: str
    kind: str
    match: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class Configuration:
    """The complete document; `rules` are the files of further inference rules. Without a document it is empty."""

    sources: tuple[SourceSettings, ...] = ()
    aliases: tuple[DeclaredAlias, ...] = ()
    apart: tuple[DeclaredDistinct, ...] = ()
    rules: tuple[Path, ...] = ()
    noise: tuple[NoiseRule, ...] = ()
