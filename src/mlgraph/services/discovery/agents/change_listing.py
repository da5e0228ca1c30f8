"""Pages of the feed of changes for agents: an item for each entry, and counts by kind and team of what a page leaves out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from mlgraph.domain.vocabulary import KIND_NAMES
from mlgraph.graph.traversal.name_resolution import resolved_assets
from mlgraph.services.discovery.agents.handles import handle_of
from mlgraph.services.discovery.agents.ranked_page import RankedAssets
from mlgraph.services.discovery.changes.change_page import ChangePage

EDGE: Final = "edge"
"""In place of a kind: an edge appeared, ended or was altered."""
_TIMES: Final = ("valid_from", "recorded_at", "origin", "actor")


@dataclass(frozen=True, slots=True)
class ChangeListing:
    """The entries of `page`; `ranked` are their assets (of an edge, its source), in the same order."""

    page: ChangePage
    ranked: RankedAssets

    @classmethod
    def of(cls, page: ChangePage) -> ChangeListing:
        """Return the listing of a page."""
        assets = resolved_assets(page.graph, np.array([each.asset for each in page.rest], np.int32), page.moment)
        return cls(page, RankedAssets.of(page.graph, page.moment, assets, np.zeros(len(assets), np.int32)))

    @property
    def entries(self) -> Sequence[dict[str, Any]]:
        """The entries of the page as items."""
        return [self._item(place, each) for place, each in enumerate(self.page.listed)]

    @property
    def total(self) -> int:
        """The number of entries on all pages, as far as they were read."""
        return self.page.total

    def left_out(self, returned: int) -> dict[str, Any]:
        """Return how many entries come after the first `returned` ones: in total, by kind and by team."""
        rest = slice(returned, None)
        is_edge = [bool(each.relation) for each in self.page.rest[rest]]
        names = [EDGE if edge else kind for edge, kind in zip(is_edge, self._kinds(rest), strict=True)]
        by_kind = sorted(Counter(names).items(), key=lambda item: (-item[1], item[0]))
        return {"total": len(is_edge), "by_kind": dict(by_kind), "by_team": self.ranked.by_team(rest)}

    def next(self, returned: int) -> str | None:
        """Return the cursor that continues after the first `returned` entries; None at the end."""
        following = self.page.following(returned)
        return None if following is None else following.encode()

    def _kinds(self, chosen: slice) -> Sequence[str]:
        return [KIND_NAMES[code] for code in self.ranked.kinds[chosen].tolist()]

    def _item(self, place: int, entry: Mapping[str, Any]) -> dict[str, Any]:
        asset, target = entry["asset"], entry["target"]
        if target is None:
            item = {"asset": self._handle(asset), "kind": asset["kind"], "change": entry["change"]}
            item |= {"name": asset["name"], "uri": asset["uri"]}
        else:
            item = {"asset": f"{self._handle(asset)} {asset['name']}", "kind": EDGE, "change": entry["change"]}
            item |= {"relation": entry["relation"], "target": f"{self._handle(target)} {target['name']}"}
        fields = {each["field"]: _values(each) for each in entry["fields"]}
        more = entry["fields_total"] - len(fields)
        return {
            **item,
            "team": self.ranked.team(place),
            **({"fields": fields} if fields else {}),
            **({"more_fields": more} if more else {}),
            **{name: entry[name] for name in _TIMES if entry[name] is not None},
        }

    def _handle(self, body: Mapping[str, Any]) -> str:
        return handle_of(self.page.graph, self.page.graph.asset_index.number(body["uri"]) or 0)


def _values(field: Mapping[str, Any]) -> object:
    """Return the values before and after a change; of long ones the number of their bytes."""
    size = field["left_out_bytes"]
    return [field["before"], field["after"]] if size is None else f"{size} bytes before and after"
