"""Guard process: runs a command, and kills its process group when standard input closes, i.e. when the parent process ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading


def _watch() -> None:
    sys.stdin.read()
    os.killpg(0, signal.SIGKILL)


def main(command: list[str]) -> int:
    """Return the exit status of the command. This process must lead a process group of its own."""
    # SIGTERM reaches the complete group; the guard ignores it and waits for the command, so that it ends last.
    signal.signal(signal.SIGTERM, lambda *_: None)
    threading.Thread(target=_watch, daemon=True).start()
    return subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
