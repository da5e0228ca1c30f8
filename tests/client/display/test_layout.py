from __future__ import annotations

from itertools import combinations

from hypothesis import given

from mlgraph.client.answer_shapes.shapes import Lineage
from mlgraph.client.display.layout import BOX_WIDTH, GAP_X, MARGIN, MAX_COLUMNS, MAX_ROWS, Box, draw
from tests.client.closures import edge, lineage_of, lineages, node


def overlap(one: Box, other: Box) -> bool:
    beside = one.x + one.width <= other.x or other.x + other.width <= one.x
    return not (beside or one.y + one.height <= other.y or other.y + other.height <= one.y)


def column(box: Box, boxes: list[Box]) -> int:
    return round((box.x - min(each.x for each in boxes)) / (BOX_WIDTH + GAP_X))


@given(lineage=lineages())
def test_no_marks_overlap_and_all_are_inside(lineage: Lineage) -> None:
    drawing = draw(lineage)

    assert [pair for pair in combinations(drawing.boxes, 2) if overlap(*pair)] == []
    for box in drawing.boxes:
        assert box.x >= MARGIN
        assert box.x + box.width <= drawing.width - MARGIN
        assert box.y >= MARGIN
        assert box.y + box.height <= drawing.height - MARGIN


@given(lineage=lineages())
def test_the_marks_count_every_listed_asset_once(lineage: Lineage) -> None:
    drawing = draw(lineage)

    drawn = [box.node["uri"] for box in drawing.boxes if box.node is not None]
    assert len(drawn) == len(set(drawn))
    assert len(drawn) + sum(box.more for box in drawing.boxes) == len(lineage["nodes"])
    assert lineage["root"] in drawn
    columns = [column(box, drawing.boxes) for box in drawing.boxes if box.node is not None]
    assert all(columns.count(each) <= MAX_ROWS for each in columns)
    assert len(set(columns)) <= 2 * MAX_COLUMNS + 1


@given(lineage=lineages())
def test_each_column_is_a_distance(lineage: Lineage) -> None:
    drawing = draw(lineage)

    boxes = {box.node["uri"]: box for box in drawing.boxes if box.node is not None}
    root = column(boxes[lineage["root"]], drawing.boxes)
    for each in lineage["nodes"]:
        box = boxes.get(each["uri"])
        if box is not None:
            offset = column(box, drawing.boxes) - root
            assert abs(offset) == each["distance"]
            if lineage["direction"] != "both":
                assert offset >= 0 if lineage["direction"] == "downstream" else offset <= 0


@given(lineage=lineages())
def test_lines_join_the_marks_of_their_edges(lineage: Lineage) -> None:
    drawing = draw(lineage)

    boxes = {box.node["uri"]: box for box in drawing.boxes if box.node is not None}
    lines = [(line.source, line.target) for line in drawing.lines]
    assert all(line.source in drawing.boxes and line.target in drawing.boxes for line in drawing.lines)
    for each in lineage["edges"]:
        if each["source"] in boxes and each["target"] in boxes and each["source"] != each["target"]:
            assert (boxes[each["source"]], boxes[each["target"]]) in lines


def test_of_both_directions_what_is_upstream_is_to_the_left() -> None:
    root, above, below = node(0, 0), node(1, 1), node(2, 1)
    drawing = draw(lineage_of([root, above, below], [edge(above, root), edge(root, below)], "both"))
    x = {box.node["uri"]: box.x for box in drawing.boxes if box.node is not None}
    assert x[above["uri"]] < x[root["uri"]] < x[below["uri"]]
    assert len(drawing.lines) == 2


def test_what_leads_on_is_drawn_rather_than_what_ends() -> None:
    root = node(0, 0)
    leaves = [node(number, 1) for number in range(1, 30)]
    bridge, far = node(30, 1), node(31, 2)
    edges = [edge(root, each) for each in (*leaves, bridge)] + [edge(bridge, far)]
    drawing = draw(lineage_of([root, *leaves, bridge, far], edges))
    drawn = {box.node["uri"] for box in drawing.boxes if box.node is not None}
    assert {bridge["uri"], far["uri"]} <= drawn
    (mark,) = [box for box in drawing.boxes if box.node is None]
    assert mark.more == len(leaves) + 1 - MAX_ROWS
    assert any(line.target is mark for line in drawing.lines)


def test_a_lone_asset_is_drawn() -> None:
    drawing = draw(lineage_of([node(0, 0)], []))
    assert len(drawing.boxes) == 1
    assert drawing.width > BOX_WIDTH
