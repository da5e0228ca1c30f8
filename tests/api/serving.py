"""A real server over a double of the services."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import uvicorn

from mlgraph.api.http.limits import ServerLimits
from mlgraph.api.http.protocol import BoundedHttp
from tests.api.services_double import Double, app_over


@contextlib.contextmanager
def serving(double: Double, *, loopback: bool = True, limits: ServerLimits | None = None) -> Iterator[int]:
    """Serve on a free port of this machine, in a thread, and yield the port."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        app = app_over(double, loopback=loopback, limits=limits)
        server = uvicorn.Server(uvicorn.Config(app, http=BoundedHttp, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield int(listening.getsockname()[1])
        server.should_exit = True
        thread.join(60)
        assert not thread.is_alive()
