"""A real server over given services."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import uvicorn

from mlgraph.api.app import create_app
from mlgraph.api.limits import Limits
from mlgraph.api.needs import Services
from mlgraph.api.protocol import BoundedHttp


@contextlib.contextmanager
def serving(services: Services, *, loopback: bool = True, limits: Limits | None = None) -> Iterator[int]:
    """Serve on a free port of this machine, in a thread, and yield the port."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        app = create_app(services, loopback=loopback, limits=limits)
        server = uvicorn.Server(uvicorn.Config(app, http=BoundedHttp, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield int(listening.getsockname()[1])
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()
