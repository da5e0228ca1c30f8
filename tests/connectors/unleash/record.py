"""Record the payloads of the contract suite from a real Unleash: `make record TOOL=unleash`."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Final

from mlgraph.connectors.unleash import normalise
from mlgraph.domain.configuration import RequestLimits
from mlgraph.domain.credentials import Credentials
from mlgraph.domain.naming.naming_context import NamingContext
from mlgraph.ports.source_adapter import Access, Payload
from mlgraph.sources.unleash.source import UnleashSource
from tests.connectors.suite import lines_of
from tests.connectors.unleash.company import Company
from tests.realparts.unleash_server import ADMIN_TOKEN, unleash_server

FOLDER: Final = Path(__file__).parent / "payloads"
CONTEXT: Final = NamingContext(registry="mlflow:prod")
_COUNTED_S: Final = 120.0


def main() -> None:
    """Replace the recorded payloads."""
    with tempfile.TemporaryDirectory() as folder, unleash_server(Path(folder)) as server:
        Path(folder).chmod(0o711)
        Company(server).make_all()
        access = Access(server.url, "prod", Credentials(ADMIN_TOKEN), RequestLimits(requests_per_s=500))
        source = UnleashSource(access)
        version = source.probe().version
        found: dict[str, Payload] = {}
        deadline = time.monotonic() + _COUNTED_S
        while not _is_complete(found) and time.monotonic() < deadline:  # counts are stored seconds after they were sent
            time.sleep(1)
            found = {_name(payload): payload for page in source.pages() for payload in page.payloads}
        assert _is_complete(found), sorted(found)
        source.close()
    for name, payload in found.items():
        document = {"tool": f"unleash {version}", "payload": payload, "facts": lines_of(normalise(payload, CONTEXT))}
        (FOLDER / f"{name}.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _is_complete(found: dict[str, Payload]) -> bool:
    return "application_shop_web" in found and bool(found["flag_ranker_test"]["data"]["exposures"])


def _name(payload: Payload) -> str:
    data = payload["data"]
    what, name = ("application", data["application"]["appName"]) if "application" in data else ("flag", data["name"])
    return f"{what}_{name}".replace("-", "_")


if __name__ == "__main__":
    main()
