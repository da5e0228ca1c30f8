"""What goes on, on standard error: standard output carries the table alone."""

from __future__ import annotations

import sys
import time
from typing import Final

_BEGAN: Final = time.monotonic()


def log(text: str) -> None:
    """Print `text` with the seconds since the benchmark began."""
    sys.stderr.write(f"[{time.monotonic() - _BEGAN:7.1f} s] {text}\n")
    sys.stderr.flush()
