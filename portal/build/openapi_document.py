"""Write the OpenAPI document of the server to a file, without starting one: the portal's types come from it."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from mlgraph.api.app import app_document, create_app
from mlgraph.services.server.bundle import ServerServices

if __name__ == "__main__":
    app = create_app(cast("ServerServices", SimpleNamespace()), loopback=True)
    Path(sys.argv[1]).write_bytes(app_document(app))
