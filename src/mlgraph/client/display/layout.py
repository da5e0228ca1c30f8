"""Layout of a closure: assets in columns by distance, upstream to the left of the root; what does not fit is counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mlgraph.client.answer_shapes.shapes import Edge, Lineage, Node

MAX_ROWS: Final = 10
"""Assets drawn in one column; the others of the column are one mark."""
MAX_COLUMNS: Final = 6
"""Columns drawn to each side of the root; the assets of further ones are one mark."""
BOX_WIDTH: Final = 190
BOX_HEIGHT: Final = 42
MARK_HEIGHT: Final = 26
GAP_X: Final = 64
GAP_Y: Final = 14
MARGIN: Final = 12


@dataclass(frozen=True, slots=True)
class Box:
    """A drawn asset (`node`), or the mark of `more` assets that are not drawn; its place and size in pixels."""

    x: int
    y: int
    width: int
    height: int
    node: Node | None = None
    more: int = 0

    @property
    def left(self) -> tuple[int, int]:
        """Where edges enter from the left."""
        return self.x, self.y + self.height // 2

    @property
    def right(self) -> tuple[int, int]:
        """Where edges leave to the right."""
        return self.x + self.width, self.y + self.height // 2


@dataclass(frozen=True, slots=True)
class Line:
    """A drawn edge between two boxes. `certain`: one of the edges that it stands for is."""

    source: Box
    target: Box
    certain: bool


@dataclass(slots=True)
class Drawing:
    """What is drawn of a closure. The assets of `boxes` and the counts of their marks add up to the listed ones."""

    width: int = 0
    height: int = 0
    boxes: list[Box] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)


def draw(lineage: Lineage, *, max_rows: int = MAX_ROWS, max_columns: int = MAX_COLUMNS) -> Drawing:
    """Return the drawing of a closure; at least the root is drawn."""
    columns = _columns(lineage, max_columns)
    ordered = _ordered(columns, lineage["edges"], max_rows, max_columns)
    return _placed(ordered, columns, lineage["edges"])


def _columns(lineage: Lineage, max_columns: int) -> dict[int, list[Node]]:
    """Return the nodes by column: the distance, negative upstream; those beyond `max_columns` are in the last one."""
    sides = _sides(lineage)
    columns: dict[int, list[Node]] = defaultdict(list)
    for node in lineage["nodes"]:
        distance = min(node["distance"], max_columns + 1)
        columns[distance * sides.get(node["uri"], 1)].append(node)
    return columns


def _sides(lineage: Lineage) -> Mapping[str, int]:
    """Return -1 for the assets upstream of the root, in a closure of both directions those that are not downstream too."""
    uris = [node["uri"] for node in lineage["nodes"]]
    if lineage["direction"] != "both":
        return dict.fromkeys(uris, -1 if lineage["direction"] == "upstream" else 1)
    sources: dict[str, list[str]] = defaultdict(list)
    targets: dict[str, list[str]] = defaultdict(list)
    for edge in lineage["edges"]:
        sources[edge["target"]].append(edge["source"])
        targets[edge["source"]].append(edge["target"])
    downstream, upstream = _reached(lineage["root"], targets), _reached(lineage["root"], sources)
    return {uri: -1 if uri in upstream and uri not in downstream else 1 for uri in uris}


def _reached(root: str, following: Mapping[str, Iterable[str]]) -> set[str]:
    found, open_ends = {root}, [root]
    while open_ends:
        for uri in following.get(open_ends.pop(), ()):
            if uri not in found:
                found.add(uri)
                open_ends.append(uri)
    return found


def _ordered(
    columns: Mapping[int, Sequence[Node]], edges: Sequence[Edge], max_rows: int, max_columns: int
) -> dict[int, list[Node]]:
    """Return the drawn nodes of each column: those that lead on to the next column rather than the others.

    They are ordered by the rows of their neighbours closer to the root (barycentre heuristic).
    """
    neighbours: dict[str, list[str]] = defaultdict(list)
    for edge in edges:
        neighbours[edge["source"]].append(edge["target"])
        neighbours[edge["target"]].append(edge["source"])
    column_of = {node["uri"]: column for column, nodes in columns.items() for node in nodes}
    rows: dict[str, float] = {}
    drawn: dict[int, list[Node]] = {}
    for column in sorted(columns, key=abs):
        further = column + (1 if column >= 0 else -1)
        leads: list[Node] = []
        others: list[Node] = []
        for node in columns[column]:
            leads_on = any(column_of.get(uri) == further for uri in neighbours[node["uri"]])
            (leads if leads_on else others).append(node)
        shown = [*leads, *others][: max_rows if abs(column) <= max_columns else 0]
        nodes = sorted(shown, key=lambda node: _mean([rows[uri] for uri in neighbours[node["uri"]] if uri in rows]))
        drawn[column] = nodes
        rows.update({node["uri"]: row - (len(nodes) - 1) / 2 for row, node in enumerate(nodes)})
    return drawn


def _mean(rows: Sequence[float]) -> float:
    return sum(rows) / len(rows) if rows else MAX_ROWS


def _placed(drawn: Mapping[int, Sequence[Node]], columns: Mapping[int, Sequence[Node]], edges: Sequence[Edge]) -> Drawing:
    first, last = min(drawn), max(drawn)
    heights = {column: _height(len(nodes), len(columns[column]) - len(nodes)) for column, nodes in drawn.items()}
    drawing = Drawing(
        width=2 * MARGIN + (last - first + 1) * BOX_WIDTH + (last - first) * GAP_X,
        height=2 * MARGIN + max(heights.values()),
    )
    box_of: dict[str, Box] = {}
    for column, nodes in sorted(drawn.items()):
        x = MARGIN + (column - first) * (BOX_WIDTH + GAP_X)
        y = (drawing.height - heights[column]) // 2
        for node in nodes:
            box_of[node["uri"]] = box = Box(x, y, BOX_WIDTH, BOX_HEIGHT, node)
            drawing.boxes.append(box)
            y += BOX_HEIGHT + GAP_Y
        more = len(columns[column]) - len(nodes)
        if more:
            mark = Box(x, y, BOX_WIDTH, MARK_HEIGHT, more=more)
            drawing.boxes.append(mark)
            box_of.update({node["uri"]: mark for node in columns[column] if node["uri"] not in box_of})
    drawing.lines = _lines(edges, box_of)
    return drawing


def _height(boxes: int, more: int) -> int:
    heights = [BOX_HEIGHT] * boxes + [MARK_HEIGHT] * bool(more)
    return sum(heights) + GAP_Y * (len(heights) - 1)


def _lines(edges: Sequence[Edge], box_of: Mapping[str, Box]) -> list[Line]:
    """Return one line for all edges between the same two boxes."""
    certain: dict[tuple[int, int], bool] = {}
    ends: dict[tuple[int, int], tuple[Box, Box]] = {}
    for edge in edges:
        source, target = box_of.get(edge["source"]), box_of.get(edge["target"])
        if source is None or target is None or source is target:
            continue
        key = id(source), id(target)
        ends[key] = source, target
        certain[key] = certain.get(key, False) or edge["certainty"] == "certain"
    return [Line(*ends[key], certain[key]) for key in ends]
