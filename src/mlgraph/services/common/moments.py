"""The two moments of a diff, and the validity of an edge at each."""

from __future__ import annotations

from typing import Final, NamedTuple

Triple = tuple[int, int, int]


class ValidityChange(NamedTuple):
    """Whether an edge is valid at each of the two moments."""

    before: bool
    after: bool

    def either(self, other: ValidityChange) -> ValidityChange:
        """Return the union of both validities."""
        return ValidityChange(self.before or other.before, self.after or other.after)


NEVER_VALID: Final = ValidityChange(before=False, after=False)


class Moments(NamedTuple):
    """The two moments of a diff (microseconds)."""

    before: int
    after: int

    @property
    def span(self) -> tuple[int, int]:
        """The earlier moment, then the later one."""
        return min(self), max(self)

    def validity(self, start: int, end: int) -> ValidityChange:
        """Return the validity of the interval [start, end) at both moments."""
        return ValidityChange(start <= self.before < end, start <= self.after < end)
