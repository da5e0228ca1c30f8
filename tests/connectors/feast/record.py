"""Records what is beside this file again, from a real Feast: `make record TOOL=feast`.

`recorded/`: the OpenLineage events of `feast apply` and `feast materialize-incremental`, for the connector of OpenLineage.
What names the machine is replaced.
"""

import json
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tests.realparts.event_recorder import event_recorder
from tests.realparts.feast_registry import FEAST_BIN, FeastRepository, make_repository

HERE: Final = Path(__file__).parent
REMOVED_VIEW: Final = "order_totals"


def main() -> None:
    version = [str(FEAST_BIN / "python"), "-c", "import importlib.metadata as m; print(m.version('feast'))"]
    tool = f"feast {subprocess.run(version, capture_output=True, text=True, check=True).stdout.strip()}"
    with tempfile.TemporaryDirectory() as folder:
        record_events(tool, Path(folder))


def record_events(tool: str, base: Path) -> None:
    """Record a first apply, a materialisation, the apply after a view was removed, and the apply of streams and warehouses."""
    with event_recorder() as recorder:
        shop = make_repository(base / "shop", events_to=recorder.url)
        shop.apply()
        _keep(tool, base, "apply", recorder.events)
        recorder.events.clear()
        shop.feast("materialize-incremental", datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"))
        _keep(tool, base, "materialize", recorder.events)
        recorder.events.clear()
        remove_view(shop)
        shop.apply()
        _keep(tool, base, "apply_without_a_view", recorder.events)
        recorder.events.clear()
        make_repository(base / "lake", "lake", project="lake", registry=shop.registry, events_to=recorder.url).apply()
        _keep(tool, base, "apply_of_streams", recorder.events)


def remove_view(shop: FeastRepository) -> None:
    """Remove the view `order_totals` from the definitions, and from the service that uses it."""
    text = shop.definitions.read_text()
    start = text.index(f"{REMOVED_VIEW} = FeatureView(")
    end = text.index("\n)\n", start) + len("\n)\n")
    shop.definitions.write_text((text[:start] + text[end:]).replace(f"{REMOVED_VIEW}, ", ""))


def _keep(tool: str, base: Path, name: str, events: list[Any]) -> None:
    assert events, f"Feast sent no events of {name}"
    text = json.dumps({"tool": tool, "events": events}, indent=1, ensure_ascii=False)
    (HERE / "recorded").mkdir(exist_ok=True)
    (HERE / "recorded" / f"{name}.json").write_text(text.replace(str(base), "/srv/feast") + "\n", "utf-8")


if __name__ == "__main__":
    main()
