"""Large freed blocks are returned to the operating system."""

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
    bytearray(16 << 20)  # when blocks of this size are freed, glibc stops mapping them one by one
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


def test_large_freed_blocks_are_returned_to_the_system() -> None:
    assert resident_mb("limit_malloc_arenas()") < 24
    assert resident_mb("") > 100, "the C library does so without limit_malloc_arenas(), which is not needed then"
