"""What mlgraph.yaml says, checked: sources, declared identity, rules, noise (docs/configuration.md). It holds no secret."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from mlgraph.domain.uri import AssetUri


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """How hard a source may be asked: requests a second, requests at once, and how long one may take."""

    requests_per_s: float = 50.0
    concurrency: int = 4
    timeout_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often a source is asked what changed (poll), what still exists (sweep), and for everything (full sweep): seconds."""

    poll_s: float = 10.0
    sweep_s: float = 6 * 3600.0
    full_sweep_s: float = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class SecretPlace:
    """Where the credentials of a source are kept: an environment variable or a file, one of the two; never the secret itself.

    With `user` the secret is that user's password (HTTP Basic), without one it is a bearer token.
    """

    env: str | None = None
    file: Path | None = None
    user: str | None = None


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """A source as it is configured. `scope` stands before namespaces that mean nothing alone, such as `default`."""

    name: str
    kind: str
    url: str
    scope: str
    credentials: SecretPlace | None = None
    environment: str | None = None
    schedule: Schedule = Schedule()
    limits: RequestLimits = RequestLimits()


@dataclass(frozen=True, slots=True)
class DeclaredAlias:
    """`name` is another name of `of`, in [valid_from, valid_to) (microseconds since the epoch; None: without end)."""

    name: AssetUri
    of: AssetUri
    valid_from: int | None = None
    valid_to: int | None = None


@dataclass(frozen=True, slots=True)
class DeclaredDistinct:
    """These are different things, whatever sources say."""

    assets: tuple[AssetUri, ...]


@dataclass(frozen=True, slots=True)
class NoiseRule:
    """What answers hide: assets of `kind` whose whole name, as their URI has it, matches.

    Without `match`, runs that failed and that a retry stands for.
    """

    name: str
    kind: str
    match: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class Configuration:
    """The whole document; `rules` are the files of further inference rules. Without a document it is empty."""

    sources: tuple[SourceSettings, ...] = ()
    aliases: tuple[DeclaredAlias, ...] = ()
    apart: tuple[DeclaredDistinct, ...] = ()
    rules: tuple[Path, ...] = ()
    noise: tuple[NoiseRule, ...] = ()
