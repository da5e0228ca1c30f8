"""Connectors turn a tool's own words into facts.

They are pure: no input or output, no clock, no memory between calls. What every connector
declares about itself stands here, because connectors do not import one another.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Spec:
    """What a connector accepts and what it may say; the contract suite holds it to this.

    `event_types` are the payloads it reads, in the tool's own words. `kinds` and `relations` (of the
    vocabulary) are all that it emits. `redacted` names the places of a payload where secrets or personal data
    are known to stand; none of that reaches a fact.
    """

    name: str
    event_types: tuple[str, ...]
    kinds: tuple[str, ...]
    relations: tuple[str, ...]
    redacted: tuple[str, ...]
