"""Figures of the store's connection pool."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pool:
    """The number of connections, of idle connections, and of requests that wait for a connection."""

    size: int
    idle: int
    waiting: int
