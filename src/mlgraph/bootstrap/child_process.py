"""Start of a child process of the server: it logs as the server does, and ends with it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading

from mlgraph.bootstrap import logs
from mlgraph.bootstrap.options import Options


def begin(options: Options) -> None:
    """Prepare this child process of a server with `options`; call it first."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all processes; the first one stops the others
    logs.configure(options.log_format, options.log_level)
    threading.Thread(target=_end_with_parent, name="mlgraph-parent", daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
