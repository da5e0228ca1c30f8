"""Thresholds for pull requests: which impact is too much (`fail_on`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.text.suggestions import did_you_mean
from mlgraph.graph.impact.change_effects import Effect
from mlgraph.graph.impact.severity import SEVERITIES
from mlgraph.services.discovery.pull_requests.change_impacts import AffectedAssets

_SEVERITY: Final = "severity:"
_FORMS: Final = f"breaks_now, severity:{'|'.join(SEVERITIES)}, or a number of assets"


@dataclass(frozen=True, slots=True)
class Threshold:
    """A threshold: assets that break now, assets of at least a severity, or more than a number of affected assets."""

    text: str
    severity: int | None = None
    number: int | None = None

    @classmethod
    def parse(cls, text: str) -> Threshold:
        """Return the threshold of `breaks_now`, `severity:LEVEL` or a number. Raises `InvalidInput`."""
        if text == "breaks_now":
            return cls(text)
        if text.isdecimal() and text.isascii() and len(text) <= 9:
            return cls(text, number=int(text))
        level = text.removeprefix(_SEVERITY)
        if text.startswith(_SEVERITY) and level in SEVERITIES:
            return cls(text, severity=SEVERITIES.index(level))
        hint = did_you_mean(text, ("breaks_now", *(f"{_SEVERITY}{each}" for each in SEVERITIES)), f"it is {_FORMS}")
        raise InvalidInput(f"unknown threshold {text[:60]!r}; {hint}", pointer="/fail_on")

    def exceeded_by(self, affected: AffectedAssets, *, strict: bool) -> str | None:
        """Return why an impact is above the threshold, None if it is not. What is only possible counts if `strict`."""
        counted = np.ones(len(affected.assets), np.bool_) if strict else affected.certain
        if self.number is not None:
            count = int(counted.sum())
            return f"{count:,} assets are affected, more than {self.number:,}" if count > self.number else None
        if self.severity is not None:
            count = int((counted & (affected.severities <= self.severity)).sum())
            level = SEVERITIES[self.severity]
            return f"{count:,} affected assets have at least severity {level}" if count else None
        count = int((counted & (affected.effects == Effect.BREAKS_NOW)).sum())
        return f"{count:,} {'asset breaks' if count == 1 else 'assets break'} now" if count else None
