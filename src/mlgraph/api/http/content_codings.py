"""Content codings that a request accepts (RFC 9110, section 12.5.3)."""

from __future__ import annotations


def accepts(accept_encoding: str, coding: str) -> bool:
    """Return whether the header Accept-Encoding names a coding and allows it."""
    for part in accept_encoding.split(","):
        name, _, weight = part.partition(";")
        if name.strip().lower() == coding:
            return weight.replace(" ", "").lower() not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
