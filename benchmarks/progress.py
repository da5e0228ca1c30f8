"""Progress messages on standard error; standard output is reserved for the table."""

from __future__ import annotations

import sys
import time
from typing import Final

_STARTED_AT: Final = time.monotonic()


def log(text: str) -> None:
    """Print `text` with the seconds since the start of the benchmark."""
    sys.stderr.write(f"[{time.monotonic() - _STARTED_AT:7.1f} s] {text}\n")
    sys.stderr.flush()
