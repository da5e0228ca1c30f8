"""The options of lineage and impact queries, for the services, the HTTP parameters, the client and the command line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, get_args

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.vocabulary import KINDS

Direction = Literal["upstream", "downstream", "both"]
LevelName = Literal["asset", "run"]
DEFAULT_LIMIT: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkOptions:
    """How to traverse from an asset, and which of the reached assets to list.

    `direction` is with the flow of data (downstream), against it, or the union of the two. At most `depth` edges are traversed
    (None: no bound). Only assets of `kinds` are listed (empty: all); all kinds are traversed. `level` is workflows at a time
    (asset) or single runs (run); None: run for a run, else asset. `as_of` is an RFC 3339 time (None: now). `certain`: only
    certain edges are traversed. `fold`: the answer omits noise. At most `limit` assets are listed; `cursor`, the `frontier` of
    a partial answer, selects the next page.
    """

    direction: Direction = "downstream"
    depth: int | None = None
    kinds: tuple[str, ...] = ()
    level: LevelName | None = None
    as_of: str | None = None
    certain: bool = False
    fold: bool = True
    limit: int = DEFAULT_LIMIT
    cursor: str | None = None

    def check(self) -> None:
        """Raise `InvalidInput` for a value that is not allowed. `as_of` and `cursor` are checked where they are parsed."""
        one_of("direction", self.direction, get_args(Direction))
        if self.level is not None:
            one_of("level", self.level, get_args(LevelName))
        for kind in self.kinds:
            one_of("kind", kind, KINDS)
        if self.depth is not None and self.depth < 0:
            raise InvalidInput("depth must not be negative", pointer="depth")
        if self.limit < 1:
            raise InvalidInput("limit must be at least 1", pointer="limit")


DEFAULTS: Final = WalkOptions()


def one_of(name: str, value: str, allowed: Iterable[str]) -> None:
    """Raise `InvalidInput` if `value` is not one of the allowed values of the option `name`."""
    if value not in allowed:
        raise InvalidInput(f"unknown {name} {value[:40]!r}; one of {', '.join(allowed)}", pointer=name)
