"""What the answers of a source gave: objects by kind, and what could not be named or read, for `mlgraph connect`."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

from mlgraph.domain.payloads.detail_warnings import DetailWarning
from mlgraph.domain.redaction.json_values import redact_text
from mlgraph.domain.uri import AssetUri

_MOST_SUBJECTS: Final = 10_000
"""The objects with warnings that are remembered; those of further ones are only counted."""
_MOST_GAPS: Final = 20


class ReadingReport:
    """The objects that were read since the last complete reading began, and the present warnings about each. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._arrived = Counter[str]()
        self._warnings: dict[str, tuple[str, ...]] = {}
        self._further = 0

    def begin(self, cursor: object = None) -> None:
        """Start a complete reading, unless it continues at a cursor."""
        if cursor is not None:
            return
        with self._lock:
            self._arrived.clear()
            self._warnings.clear()
            self._further = 0

    def arrived(self, subjects: Iterable[AssetUri | None]) -> None:
        """Count the objects of a page."""
        with self._lock:
            self._arrived.update(uri.kind for uri in subjects if uri is not None)

    def warned(self, subject: AssetUri | None, warnings: Sequence[DetailWarning]) -> None:
        """Replace the warnings about an object by those of its latest answer."""
        key, messages = str(subject), tuple(dict.fromkeys(redact_text(each.message) for each in warnings))
        with self._lock:
            self._warnings.pop(key, None)
            if messages and len(self._warnings) >= _MOST_SUBJECTS:
                self._further += 1
            elif messages:
                self._warnings[key] = messages

    def body(self) -> dict[str, Any]:
        """Return `arrived` by kind, and `gaps`, the most frequent first: message, number of objects, one of them."""
        with self._lock:
            arrived, warnings, further = dict(sorted(self._arrived.items())), dict(self._warnings), self._further
        count, example = Counter[str](), dict[str, str]()
        for subject, messages in warnings.items():
            count.update(messages)
            for message in messages:
                example.setdefault(message, subject)
        ranked = sorted(count, key=lambda message: (-count[message], message))
        gaps = [{"message": each, "objects": count[each], "example": example[each]} for each in ranked[:_MOST_GAPS]]
        return {"arrived": arrived, "gaps": gaps, "gaps_total": len(ranked), "gaps_partial": further > 0}
