"""Build of the distributions with `make dist`, and their installation into environments separate from the sources."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
UV: Final = Path(sys.executable).parent / "uv"
_OURS: Final = ("MLGRAPH_", "NUMBA_", "PYTHON", "VIRTUAL_ENV", "MAKE", "MFLAGS")


def clean_environment(**more: str) -> dict[str, str]:
    """Return the environment variables of a user without a checkout: none refers to the sources or their settings."""
    return {**{name: value for name, value in os.environ.items() if not name.startswith(_OURS)}, **more}


def build(folder: Path) -> tuple[Path, Path]:
    """Run `make dist` into `folder`; return the wheel and the source distribution."""
    run(["make", "--silent", "--old-file=.venv/.stamp-dev", "dist", f"DIST={folder}"], cwd=ROOT)
    return next(folder.glob("*.whl")), next(folder.glob("*.tar.gz"))


def install(folder: Path, lock: str, wheel: Path) -> Path:
    """Create an environment with the pins of requirements/`lock` and with `wheel`; return the folder of its programs.

    Packages come from the cache that `make setup` has filled; packages missing there are downloaded.
    """
    run([str(UV), "venv", "--quiet", "--python", sys.executable, str(folder)])
    pip = [str(UV), "pip", "install", "--quiet", "--python", str(folder / "bin" / "python")]
    pinned = [*pip, "--require-hashes", "--only-binary", ":all:", "-r", str(ROOT / "requirements" / lock)]
    cached = subprocess.run([*pinned, "--offline"], env=clean_environment(), capture_output=True, check=False)
    if cached.returncode:
        run(pinned)
    run([*pip, "--offline", "--no-deps", str(wheel)])
    run([str(UV), "pip", "check", "--quiet", "--python", str(folder / "bin" / "python")])
    return folder / "bin"


def run(command: list[str], cwd: Path | None = None) -> str:
    """Run a command that must succeed; return its standard output."""
    done = subprocess.run(command, cwd=cwd, env=clean_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout
