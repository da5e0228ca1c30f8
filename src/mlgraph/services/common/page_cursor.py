"""Cursors of pages that all show one state of the graph: they carry its watermark, the moment and the place in the list."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from typing import Final

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.timestamps import format_time

_DIGEST_BYTES: Final = 9


@dataclass(frozen=True, slots=True)
class PageCursor:
    """A place in the list of one query: `position` entries are before it. `query` is the digest of the query's parameters."""

    watermark: int
    moment: int
    position: int
    query: str

    def encode(self) -> str:
        """Return the opaque text that callers pass back as `after`."""
        text = json.dumps([self.watermark, self.moment, self.position, self.query], separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode()

    @classmethod
    def decode(cls, text: str, query: str) -> PageCursor:
        """Return the cursor that `encode` wrote for the same `query`. Raises `InvalidInput` for any other text."""
        cursor = _decoded(text)
        if cursor is None:
            raise InvalidInput("not a cursor: pass an `endCursor` or `cursor` of an earlier page unchanged", pointer="after")
        if cursor.query != query:
            raise InvalidInput("the cursor is one of another query: only `first` may differ between pages", pointer="after")
        return cursor


def _decoded(text: str) -> PageCursor | None:
    try:
        values = json.loads(base64.urlsafe_b64decode(text.encode()))
        if not isinstance(values, list) or [*map(type, values)] != [int, int, int, str]:
            return None
        cursor = PageCursor(*values)
        format_time(cursor.moment)
    except (binascii.Error, ValueError, OverflowError, RecursionError):
        return None
    return None if min(cursor.watermark, cursor.position) < 0 else cursor


def query_digest(*parameters: object) -> str:
    """Return a short digest of the parameters that decide what a query lists."""
    text = json.dumps(parameters, default=repr, ensure_ascii=True)
    return base64.urlsafe_b64encode(hashlib.blake2b(text.encode(), digest_size=_DIGEST_BYTES).digest()).decode()
