"""What is set before numpy and numba are imported: the cache directory of compiled kernels, the threads of matrix products."""

from __future__ import annotations

import hashlib
import os
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Final

import mlgraph
from mlgraph.domain.errors import StartError

VARIABLE: Final = "NUMBA_CACHE_DIR"
_THREADS: Final = "OPENBLAS_NUM_THREADS"
_PACKAGE: Final = Path(mlgraph.__file__).parent


def calculate_in_one_thread() -> None:
    """Let numpy calculate matrix products in the thread that asks, unless the environment sets the number of threads.

    Those of searches are small: threads that are woken for one, and wait for the next, cost more processor time than it does.
    """
    os.environ.setdefault(_THREADS, "1")


def choose(data: Path, package: Path = _PACKAGE) -> None:
    """Set NUMBA_CACHE_DIR to a writable directory, unless the environment sets it.

    An installed package caches below the user's cache directory, else below `data`, because its own directory may be
    read-only. The name of the directory contains the version and a digest of the sources, because numba does not notice a
    change of a called function in another file. A source checkout caches beside its sources, as numba does by default.

    Raises `StartError` if no directory is writable.
    """
    if os.environ.get(VARIABLE) or (package.parents[1] / "pyproject.toml").is_file():
        return
    name = f"kernels-{version('mlgraph')}-{_digest(package)}"
    candidates = (_user_cache() / "mlgraph" / name, data.absolute() / name)
    for directory in candidates:
        if _writable(directory):
            os.environ[VARIABLE] = str(directory)
            return
    raise StartError(
        "compiled kernels cannot be cached, because neither of these directories is writable: "
        f"{', '.join(map(str, candidates))}; set the environment variable {VARIABLE} to another one"
    )


def _digest(package: Path) -> str:
    """Return a digest of the package's sources, independent of where it is installed."""
    digest = hashlib.blake2b(digest_size=6)
    for file in sorted(package.rglob("*.py")):
        digest.update(f"{file.relative_to(package).as_posix()}\0".encode())
        digest.update(hashlib.blake2b(file.read_bytes()).digest())
    return digest.hexdigest()


def _user_cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return Path(base) if base else Path("~/.cache").expanduser()


def _writable(directory: Path) -> bool:
    """Create the directory if needed and return whether it is writable; mode 700, because numba loads machine code from it."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            return True
    except OSError:
        return False
