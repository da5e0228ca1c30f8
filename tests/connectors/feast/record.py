"""Records what is beside this file again, from a real Feast: `make record TOOL=feast`.

`recorded/`: the OpenLineage events of `feast apply` and `feast materialize-incremental`, for the connector of OpenLineage.
`payloads/`: what the adapter reads from the registry; the facts are what the connector makes of it, to be read before they are
kept. What names the machine is replaced.
"""

import json
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from mlgraph.connectors.feast import normalise
from mlgraph.ports.source_adapter import Access, Payload
from mlgraph.sources.feast.source import FeastSource
from tests.connectors.suite import lines_of
from tests.realparts.event_recorder import event_recorder
from tests.realparts.feast_registry import FEAST_BIN, FeastRepository, feast_registry, make_repository

HERE: Final = Path(__file__).parent
PAYLOADS: Final = {
    "data_source_file": "data_source shop/customer_stats",
    "data_source_query": "data_source lake/query_sf",
    "feature": "feature shop/lifetime_value",
    "feature_service": "feature_service shop/ranker_v1",
    "view": "feature_view shop/customer_stats",
    "view_on_demand": "feature_view shop/basket_share",
    "view_with_push_source": "feature_view shop/visitor_clicks",
    "view_of_a_stream": "feature_view lake/live_clicks",
    "view_of_bigquery": "feature_view lake/from_bigquery",
    "view_of_snowflake": "feature_view lake/from_snowflake",
}
REMOVED_VIEW: Final = "order_totals"


def main() -> None:
    version = [str(FEAST_BIN / "python"), "-c", "import importlib.metadata as m; print(m.version('feast'))"]
    tool = f"feast {subprocess.run(version, capture_output=True, text=True, check=True).stdout.strip()}"
    with tempfile.TemporaryDirectory() as folder:
        record_events(tool, Path(folder) / "events")
        record_payloads(tool, Path(folder) / "registry")


def record_events(tool: str, base: Path) -> None:
    """Record a first apply, a materialisation, the apply after a view was removed, and the apply of streams and warehouses."""
    with event_recorder() as recorder:
        shop = make_repository(base / "shop", events_to=recorder.url)
        shop.apply()
        _save(tool, base, "apply", recorder.events)
        recorder.events.clear()
        shop.feast("materialize-incremental", datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"))
        _save(tool, base, "materialize", recorder.events)
        recorder.events.clear()
        remove_view(shop)
        shop.apply()
        _save(tool, base, "apply_without_a_view", recorder.events)
        recorder.events.clear()
        make_repository(base / "lake", "lake", project="lake", registry=shop.registry, events_to=recorder.url).apply()
        _save(tool, base, "apply_of_streams", recorder.events)


def record_payloads(tool: str, base: Path) -> None:
    """Record the payloads of both example projects, one of each kind of object and of source."""
    shop, lake = make_projects(base)
    with feast_registry(shop) as server:
        source = FeastSource(Access(server.url, "prod"))
        found = {_key(payload): payload for page in source.pages() for payload in page.payloads}
        source.close()
    assert lake.project == "lake"
    (HERE / "payloads").mkdir(exist_ok=True)
    for name, key in PAYLOADS.items():
        payload = json.loads(json.dumps(found[key]).replace(str(base), "/srv/feast"))
        document = {"tool": tool, "payload": payload, "facts": lines_of(normalise(payload))}
        (HERE / "payloads" / f"{name}.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")


def make_projects(base: Path) -> tuple[FeastRepository, FeastRepository]:
    """Apply both examples to one registry, and materialise the first."""
    shop = make_repository(base / "shop")
    shop.apply()
    shop.feast("materialize-incremental", datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"))
    lake = make_repository(base / "lake", "lake", project="lake", registry=shop.registry)
    lake.apply()
    return shop, lake


def _key(payload: Payload) -> str:
    """Return type, project and name of what a payload is about."""
    data = payload["data"]
    part = data.get("feature") or data.get("source") or (data.get("view") or data["service"])["spec"]
    return f"{payload['type'].removeprefix('feast.')} {payload['project']}/{part['name']}"


def remove_view(shop: FeastRepository) -> None:
    """Remove the view `order_totals` from the definitions, and from the service that uses it."""
    text = shop.definitions.read_text()
    start = text.index(f"{REMOVED_VIEW} = FeatureView(")
    end = text.index("\n)\n", start) + len("\n)\n")
    shop.definitions.write_text((text[:start] + text[end:]).replace(f"{REMOVED_VIEW}, ", ""))


def _save(tool: str, base: Path, name: str, events: list[Any]) -> None:
    assert events, f"Feast sent no events of {name}"
    text = json.dumps({"tool": tool, "events": events}, indent=1, ensure_ascii=False)
    (HERE / "recorded").mkdir(exist_ok=True)
    (HERE / "recorded" / f"{name}.json").write_text(text.replace(str(base), "/srv/feast") + "\n", "utf-8")


if __name__ == "__main__":
    main()
