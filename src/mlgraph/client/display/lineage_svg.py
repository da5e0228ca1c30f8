"""A closure as SVG. All names are untrusted text: they are escaped, cut to the width of their box, and clipped by it."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

from mlgraph.client.display.layout import Box, Line, draw
from mlgraph.domain.text.escaping import svg_text, visible_text

if TYPE_CHECKING:
    from mlgraph.client.answer_shapes.shapes import Lineage, Node

_KIND_COLOURS: Final = {
    "dataset": "#0e7490",
    "dataset_version": "#0e7490",
    "column": "#0e7490",
    "workflow": "#a16207",
    "run": "#a16207",
    "model": "#9d174d",
    "model_version": "#9d174d",
    "service": "#15803d",
    "deployment": "#15803d",
}
_OTHER_COLOUR: Final = "#475569"
_PADDING: Final = 12
_NAME_PX: Final = 12
_KIND_PX: Final = 10
_CHARACTER: Final = 0.62
"""Width of a character of a monospaced font in its size: 0.60 in most, 0.62 in the widest that systems have by default."""
_FONT: Final = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


def lineage_svg(lineage: Lineage) -> str:
    """Return the drawing of a closure as an SVG element."""
    drawing = draw(lineage)
    label = svg_text(f"Lineage of {visible_text(name_of_root(lineage))}: {len(lineage['nodes'])} assets")
    lines = "".join(_line(line) for line in drawing.lines)
    boxes = "".join(_box(box, is_root=box.node is not None and box.node["uri"] == lineage["root"]) for box in drawing.boxes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{label}" width="{drawing.width}" '
        f'height="{drawing.height}" viewBox="0 0 {drawing.width} {drawing.height}" font-family="{svg_text(_FONT)}">'
        f"{_arrow()}{lines}{boxes}</svg>"
    )


def fitted(text: str, width: float, size: int) -> str:
    """Return the start of `text` that fits into `width` pixels of a monospaced font of `size`, with an ellipsis if it was cut."""
    room = int(width / (size * _CHARACTER))
    shown = visible_text(text)
    if sum(map(columns_of, shown)) <= room:
        return shown
    cut, used = "", 1
    for character in shown:
        used += columns_of(character)
        if used > room:
            break
        cut += character
    return f"{cut}…"


def columns_of(character: str) -> int:
    """Return how many columns of a monospaced font a character takes: East Asian wide ones and emoji take two (UAX 11)."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def name_of_root(lineage: Lineage) -> str:
    """Return the name of the asset that a closure is of."""
    return next((node["name"] for node in lineage["nodes"] if node["uri"] == lineage["root"]), lineage["root"])


def _arrow() -> str:
    return (
        '<defs><marker id="mlgraph-arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0 8 4 0 8z" fill="#64748b"/></marker></defs>'
    )


def _line(line: Line) -> str:
    (x1, y1), (x2, y2) = line.source.right, line.target.left
    if line.source.x == line.target.x:  # within a column: from the right side back to the right side
        x2, bend = line.target.right[0], 40
        path = f"M{x1} {y1}C{x1 + bend} {y1} {x2 + bend} {y2} {x2} {y2}"
    else:
        bend = max(28, abs(x2 - x1) // 2)
        path = f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"
    dashes = "" if line.certain else ' stroke-dasharray="4 3"'
    return f'<path d="{path}" fill="none" stroke="#64748b"{dashes} marker-end="url(#mlgraph-arrow)"/>'


def _box(box: Box, *, is_root: bool) -> str:
    if box.node is None:
        text = f"{box.more:,} more"
        return (
            f'<g data-mark="fold" data-count="{box.more}"><title>{text} assets that are not drawn</title>'
            f'<rect x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" rx="6" fill="#f1f5f9" stroke="#94a3b8" '
            f'stroke-dasharray="3 3"/><text x="{box.x + box.width // 2}" y="{box.y + 17}" text-anchor="middle" '
            f'font-size="{_NAME_PX}" fill="#334155">{text}</text></g>'
        )
    return _asset(box, box.node, is_root=is_root)


def _asset(box: Box, node: Node, *, is_root: bool) -> str:
    colour = _KIND_COLOURS.get(node["kind"], _OTHER_COLOUR)
    width = box.width - 2 * _PADDING
    name, kind = fitted(node["name"], width, _NAME_PX), fitted(_kind_text(node), width, _KIND_PX)
    # The inner svg element clips what a font that is wider than expected would draw outside of the box.
    return (
        f'<g data-mark="asset" data-count="1"><title>{svg_text(node["kind"])} {svg_text(node["name"])}\n'
        f'{svg_text(node["uri"])}</title><rect x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" rx="6" '
        f'fill="#ffffff" stroke="{colour}" stroke-width="{3 if is_root else 1}"/>'
        f'<svg x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" overflow="hidden">'
        f'<text x="{_PADDING}" y="18" font-size="{_NAME_PX}" fill="#0f172a">{svg_text(name)}</text>'
        f'<text x="{_PADDING}" y="33" font-size="{_KIND_PX}" fill="{colour}">{svg_text(kind)}</text></svg></g>'
    )


def _kind_text(node: Node) -> str:
    notes = [node["kind"].replace("_", " ")]
    if node["certainty"] == "possible":
        notes.append("possible")
    if node.get("deleted"):
        notes.append("deleted")
    return ", ".join(notes)
