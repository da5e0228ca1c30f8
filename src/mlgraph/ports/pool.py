"""What is known of the connections to the store."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pool:
    """Connections: all, those that nobody uses now, and the requests that wait for one."""

    size: int
    idle: int
    waiting: int
