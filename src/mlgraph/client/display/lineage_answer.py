"""The answer of `Client.lineage`, which draws itself in notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mlgraph.client.answers import Answer
from mlgraph.client.display.frames import data_frame, graph, warn_if_partial
from mlgraph.client.display.html_parts import ambiguity_note, caption, partial_note, scrolled
from mlgraph.client.display.layout import draw
from mlgraph.client.display.lineage_svg import lineage_svg, name_of_root

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

    from mlgraph.client.answer_shapes.shapes import Lineage  # noqa: F401 - the type of `data`

_NODE_COLUMNS = ("uri", "kind", "name", "distance", "certainty", "deleted")
_EDGE_COLUMNS = ("source", "relation", "target", "origins", "certainty", "folded")


class LineageAnswer(Answer["Lineage"]):
    """A closure. In a notebook it draws itself: columns by distance, what does not fit is counted."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return a line about the closure."""
        data = self.data
        return f"<lineage of {data['root']} {data['direction']}: {data['total']} assets, watermark {data['watermark']}>"

    def _repr_svg_(self) -> str:
        return lineage_svg(self.data)

    def _repr_html_(self) -> str:
        data = self.data
        text = f"Lineage of {name_of_root(data)}, {data['direction']}: {data['total']:,} assets"
        left_out = sum(box.more for box in draw(data).boxes)
        notes = (
            partial_note(data["total"], len(data["nodes"])),
            f"{left_out:,} assets are not drawn; to_pandas() has all that are listed." if left_out else "",
            f"Noise rules hide {data['folded']['count']:,} assets." if data["folded"]["count"] else "",
            ambiguity_note(data["ambiguous"]),
        )
        return caption(text, *notes) + scrolled(lineage_svg(data))

    def to_pandas(self, table: Literal["nodes", "edges"] = "nodes") -> pd.DataFrame:
        """Return the listed assets, or the edges between them, as a data frame.

        Warns with `PartialAnswer` if the answer does not list all assets. Raises `ImportError` without `mlgraph[notebook]`.
        """
        data = self.data
        warn_if_partial(data, len(data["nodes"]))
        if table == "edges":
            return data_frame(data["edges"], _EDGE_COLUMNS)
        return data_frame([{"deleted": False, **node} for node in data["nodes"]], _NODE_COLUMNS)

    def to_networkx(self) -> nx.MultiDiGraph[str]:
        """Return the closure as a directed graph: nodes are URIs, edges have the relation as key, both with their attributes.

        Warns and raises as `to_pandas`.
        """
        data = self.data
        warn_if_partial(data, len(data["nodes"]))
        nodes = ((node["uri"], {key: value for key, value in node.items() if key != "uri"}) for node in data["nodes"])
        edges = ((edge["source"], edge["target"], edge["relation"], _attributes(edge)) for edge in data["edges"])
        made = graph(nodes, edges)
        made.graph.update(root=data["root"], direction=data["direction"], as_of=data["as_of"], watermark=data["watermark"])
        return made


def _attributes(edge: object) -> dict[str, object]:
    return {key: value for key, value in dict(edge).items() if key not in ("source", "target")}  # type: ignore[call-overload]
