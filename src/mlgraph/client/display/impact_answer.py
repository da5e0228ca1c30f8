"""The answer of `Client.impact`, which shows itself as a table in notebooks."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from mlgraph.client.answers import Answer
from mlgraph.client.display.frames import data_frame, graph, warn_if_partial
from mlgraph.client.display.html_parts import ambiguity_note, caption, partial_note, scrolled, table

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

    from mlgraph.client.answer_shapes.shapes import Affected, Impact

MAX_ROWS: Final = 50
_COLUMNS: Final = ("uri", "kind", "name", "distance", "severity", "effect", "certainty", "owners", "path")
_SEVERITIES: Final = ("critical", "high", "medium", "low")


class ImpactAnswer(Answer["Impact"]):
    """The assets that a change can hurt. In a notebook it shows itself as a table, the most severe first."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return a line about the impact."""
        data = self.data
        change = data["change"] or "any change"
        return f"<impact of {change} of {data['root']}: {data['total']} assets, watermark {data['watermark']}>"

    def _repr_html_(self) -> str:
        data = self.data
        affected = sorted(data["affected"], key=lambda each: _SEVERITIES.index(each["severity"]))
        counts = ", ".join(f"{count:,} {severity}" for severity, count in data["by_severity"].items() if count)
        notes = (
            f"{counts}; {len(data['notify']):,} owners to notify." if counts else "",
            partial_note(data["total"], len(affected)),
            f"Noise rules hide {data['folded']['count']:,} assets." if data["folded"]["count"] else "",
            ambiguity_note(data["ambiguous"]),
        )
        text = f"Impact of {_change(data)} {data['root']}: {data['total']:,} assets"
        headings = ("severity", "effect", "kind", "name", "distance", "owners")
        rows = [_cells(each) for each in affected[:MAX_ROWS]]
        return caption(text, *notes) + scrolled(table(headings, rows, len(affected) - len(rows)))

    def to_pandas(self) -> pd.DataFrame:
        """Return the listed assets as a data frame, nearest first.

        Warns with `PartialAnswer` if the answer does not list all assets. Raises `ImportError` without `mlgraph[notebook]`.
        """
        data = self.data
        warn_if_partial(data, len(data["affected"]))
        return data_frame(data["affected"], _COLUMNS)

    def to_networkx(self) -> nx.MultiDiGraph[str]:
        """Return the shortest paths from the changed asset to each listed one as a directed graph of URIs.

        Warns and raises as `to_pandas`.
        """
        data = self.data
        warn_if_partial(data, len(data["affected"]))
        steps = {(source, target): None for each in data["affected"] for source, target in pairwise(each["path"])}
        nodes = [(data["root"], {}), *((each["uri"], _attributes(each)) for each in data["affected"])]
        made = graph(nodes, ((source, target, "affects", {}) for source, target in steps))
        made.graph.update(root=data["root"], change=data["change"], as_of=data["as_of"], watermark=data["watermark"])
        return made


def _change(data: Impact) -> str:
    return f"a change ({data['change']}) of" if data["change"] else "any change of"


def _cells(each: Affected) -> list[str]:
    effect = (each["effect"] or "").replace("_", " ")
    severity = each["severity"] + (" (possible)" if each["certainty"] == "possible" else "")
    return [severity, effect, each["kind"], each["name"], str(each["distance"]), ", ".join(each["owners"])]


def _attributes(each: Affected) -> dict[str, object]:
    return {key: value for key, value in each.items() if key not in ("uri", "path")}
