"""What a process has freed goes back to the system."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_RESIDENT = """
from pathlib import Path
from mlgraph.bootstrap.http import limit_malloc_arenas
{call}
def anonymous_kb():
    return int(next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("RssAnon")).split()[1])
for _ in range(3):
    bytearray(16 << 20)  # as it sees blocks of this size come and go, glibc stops to map them one by one
before = anonymous_kb()
blocks = [b"x" * (16 << 20) for _ in range(8)]
del blocks[:-1]
print((anonymous_kb() - before) // 1024)
"""


def resident_mb(call: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", _RESIDENT.format(call=call)], capture_output=True, text=True, check=True, cwd=Path.cwd()
    )
    return int(done.stdout)


def test_large_blocks_are_given_back_when_they_are_free() -> None:
    assert resident_mb("limit_malloc_arenas()") < 24
    assert resident_mb("") > 100, "the C library does so by itself: limit_malloc_arenas() is needless"
