"""`mlgraph demo`: starts the server, builds the demo company on the first start, and prints the tour."""

from __future__ import annotations

import json
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

import httpx

from mlgraph.bootstrap import Options, serve
from mlgraph.client import Client, ClientError, ServerNotReachable
from mlgraph.demo.building import Builder
from mlgraph.demo.child_processes import Children, MlflowServer
from mlgraph.demo.company_names import INSTANCE
from mlgraph.demo.demo_paths import DEFAULT_DATA, DemoPaths, check_tools
from mlgraph.demo.tour import TourStep
from mlgraph.domain.errors import StartError


def run(port: int, data: Path | None) -> None:
    """Serve the demo company on 127.0.0.1 until interrupted; build it first if `data` contains none.

    Prints the address and five commands to try once everything is loaded. Exits with status 1 and a message on standard error
    if a tool or the data is missing or fails.
    """
    places = DemoPaths((data or DEFAULT_DATA).absolute())
    children = Children()
    signal.signal(signal.SIGTERM, _leave)
    demo = Demo(places, children)
    try:
        demo.prepare()
        before, after = demo.before_ready, demo.after_ready
        serve(Options(data=places.graph, port=port, before_ready=before, after_ready=after, log_format="text"))
        if demo.failed:
            raise SystemExit(1)
    except KeyboardInterrupt:
        raise SystemExit(0) from None
    finally:
        demo.stop()


class Demo:
    """One start of the demo: MLflow, the build if needed, and the hooks around the server's readiness."""

    def __init__(self, places: DemoPaths, children: Children) -> None:
        self._places = places
        self._children = children
        self._mlflow = MlflowServer(places, children)
        self._builder = None if places.company.exists() else Builder(places, children, self._mlflow)
        self.failed = False

    def prepare(self) -> None:
        """Start MLflow; on the first start, download the data. Raises `StartError`, for a missing tool before any write."""
        check_tools()
        if self._builder:
            self._builder.prepare()
        else:
            self._mlflow.start()

    def before_ready(self, url: str) -> None:
        """Build the company, on the first start."""
        if not self._builder:
            threading.Thread(target=self._reconnect, args=(url,), daemon=True).start()
            return
        try:
            self._builder.build(url)
        except Exception:
            if not _answers(url):  # the user stopped the server during the build: not a failure
                raise SystemExit from None
            self.failed = True
            raise

    def after_ready(self, url: str) -> None:
        """Print the address and the tour."""
        port = urlsplit(url).port or 0
        company = json.loads(self._places.company.read_text("utf-8"))
        out = [f"The demo company Streamflix is at {url}/docs, its MLflow at {self._mlflow.url}. Worth trying:", ""]
        for shows, arguments in company["stories"]:
            out += [f"# {shows}", TourStep(shows, arguments).command(port), ""]
        sys.stdout.write("\n".join(out))
        sys.stdout.flush()

    def stop(self) -> None:
        """End MLflow and all other child processes."""
        self._children.stop()

    def _reconnect(self, url: str) -> None:
        """Reconnect MLflow as soon as it answers; the server is ready without it."""
        try:
            self._mlflow.wait()
            with Client(url) as client:
                client.connect("mlflow", self._mlflow.url, INSTANCE)
        except (StartError, ClientError, ServerNotReachable) as error:
            if not self._children.stopping:
                sys.stderr.write(f"MLflow is not connected: {error}\n")


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", timeout=2).is_success
    except httpx.HTTPError:
        return False


def _leave(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
