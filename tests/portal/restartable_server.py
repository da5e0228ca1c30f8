"""A server that can end and begin again at the same address, as a page sees it that stays open."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.contract.serving import Api, Process


class RestartableServer:
    """A server over one data directory. Its process can be stopped, and started again at the same address."""

    def __init__(self, data: Path) -> None:
        self._data = str(data)
        self._process = Process("--data", self._data)
        self.url = self._process.url

    def send(self, *lines: dict[str, Any]) -> None:
        """Send facts, and return once the graph and the index of search include them."""
        api = Api(self.url)
        written = api.taken(*lines)["watermark"]
        for call, parameters in (("live", {}), ("search", {"q": ""})):
            api.ask(call, at_least=written, **parameters)
        api.close()

    def stop(self) -> None:
        """End the process, which must end well."""
        assert self._process.stop() == 0

    def start(self) -> None:
        """Begin again at the same address."""
        self._process = Process("--data", self._data, port=urlsplit(self.url).port or 0)
