"""Where numba keeps compiled kernels; it is chosen before numba is imported."""

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
_PACKAGE: Final = Path(mlgraph.__file__).parent


def choose(data: Path, package: Path = _PACKAGE) -> None:
    """Set NUMBA_CACHE_DIR to a directory that can be written, unless the environment has one already.

    An installed package caches below the user's cache directory, else below `data`: where it is installed may be read-only.
    The directory is named after the version and a digest of the sources, because numba does not see that a function which a
    kernel calls has changed in another file. A checkout of the sources caches beside them, as numba does by default.

    Raises `StartError` where no directory can be written.
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
        "compiled kernels cannot be kept, because neither of these directories can be written: "
        f"{', '.join(map(str, candidates))}; name another one in the environment as {VARIABLE}"
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
    """Make the directory, readable by this user alone where it is new: numba loads machine code from it."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            return True
    except OSError:
        return False
