"""Verification of the files of tantivy before they are mapped: a damaged one would be noticed late, by a wrong answer or a crash.

Each file ends with a footer (tantivy, src/directory/footer.rs): JSON with the CRC-32 of what precedes it, the length of the JSON
and the number 1337, both as 4 bytes, little-endian.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Final

_MAGIC: Final = 1337
_BLOCK_BYTES: Final = 1 << 20
_TRAILER_BYTES: Final = 8


def damaged_file(directory: Path) -> str | None:
    """Return the name of a file in a directory of tantivy that is truncated or changed, with the reason; None if all are intact.

    Raises `OSError` if a file cannot be read.
    """
    for path in sorted(directory.iterdir()):
        if path.name.startswith(".") or path.suffix == ".json":
            continue
        if (reason := _damage(path)) is not None:
            return f"{path.name} {reason}"
    return None


def _damage(path: Path) -> str | None:
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - _TRAILER_BYTES))
        trailer = file.read(_TRAILER_BYTES)
        length, magic = int.from_bytes(trailer[:4], "little"), int.from_bytes(trailer[4:], "little")
        body = size - _TRAILER_BYTES - length
        if magic != _MAGIC or body < 0:
            return "is truncated: it has no footer"
        file.seek(body)
        try:
            expected = json.loads(file.read(length))["crc"]
        except (ValueError, KeyError, TypeError):
            return "has a damaged footer"
        file.seek(0)
        found = 0
        while body > 0 and (block := file.read(min(body, _BLOCK_BYTES))):
            found, body = zlib.crc32(block, found), body - len(block)
    return None if found == expected else "is damaged: its checksum differs"
