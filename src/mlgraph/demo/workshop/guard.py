"""Runs a command, and ends it with all that it started when standard input closes: when whoever started it is gone."""

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
    # The group is told to end as one; this process waits for the command, so that its end is the end of all.
    signal.signal(signal.SIGTERM, lambda *_: None)
    threading.Thread(target=_watch, daemon=True).start()
    return subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
