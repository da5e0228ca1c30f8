"""The two moments of a diff, and at which of them an edge is valid."""

from __future__ import annotations

from typing import Final, NamedTuple

Triple = tuple[int, int, int]


class ValidityChange(NamedTuple):
    """Whether an edge holds at the one moment, and at the other."""

    before: bool
    after: bool

    def either(self, other: ValidityChange) -> ValidityChange:
        """Return the validity of what holds while this or the other does."""
        return ValidityChange(self.before or other.before, self.after or other.after)


NEVER_VALID: Final = ValidityChange(before=False, after=False)


class Moments(NamedTuple):
    """The two moments of a diff."""

    before: int
    after: int

    @property
    def span(self) -> tuple[int, int]:
        """The earlier and the later of both."""
        return min(self), max(self)

    def validity(self, start: int, end: int) -> ValidityChange:
        """Say at which of the moments holds what holds for [start, end)."""
        return ValidityChange(start <= self.before < end, start <= self.after < end)
