from __future__ import annotations

import builtins
import re
import warnings
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given

from mlgraph.client.answer_shapes.shapes import Impact, Lineage
from mlgraph.client.display.frames import PartialAnswer
from mlgraph.client.display.layout import BOX_WIDTH
from mlgraph.client.display.lineage_svg import columns_of, fitted
from mlgraph.domain.text.escaping import visible_text
from tests.client.closures import edge, impact_answer, lineage_answer, lineage_of, lineages, node
from tests.domain.text.hostile_texts import hostile_texts
from tests.domain.text.test_escaping import read_html

SVG = "{http://www.w3.org/2000/svg}"
ALLOWED = {"svg", "defs", "marker", "path", "g", "title", "rect", "text"}


@given(lineage=lineages())
def test_the_drawing_is_xml_without_anything_from_the_names(lineage: Lineage) -> None:
    root = ET.fromstring(lineage_answer(lineage)._repr_svg_())  # noqa: S314 - our own text

    assert {each.tag.removeprefix(SVG) for each in root.iter()} <= ALLOWED
    for each in root.iter():
        assert not [name for name in each.attrib if name.lower().startswith("on") or "href" in name.lower()]
    titles = [(each.text or "") for each in root.iter(f"{SVG}title")]
    shown = [title.split("\n")[1] for title in titles if "\n" in title]
    assert len(shown) == len(set(shown)), "each asset is drawn once"
    assert int(root.attrib["width"]) > 0
    counted = sum(int(each.attrib["data-count"]) for each in root.iter(f"{SVG}g"))
    assert counted == len(lineage["nodes"])


@given(lineage=lineages())
def test_texts_are_inside_of_their_boxes(lineage: Lineage) -> None:
    root = ET.fromstring(lineage_answer(lineage)._repr_svg_())  # noqa: S314 - our own text
    for group in root.iter(f"{SVG}g"):
        rect = group.find(f"{SVG}rect")
        assert rect is not None
        width, height = float(rect.attrib["width"]), float(rect.attrib["height"])
        inner = group.find(f"{SVG}svg")
        if inner is not None:
            assert {key: inner.attrib[key] for key in ("x", "y", "width", "height")} == {
                key: rect.attrib[key] for key in ("x", "y", "width", "height")
            }
            assert inner.attrib["overflow"] == "hidden"
            for text in inner.iter(f"{SVG}text"):
                size = float(text.attrib["font-size"])
                assert float(text.attrib["x"]) + sum(map(columns_of, text.text or "")) * size * 0.6 <= width
                assert size <= float(text.attrib["y"]) <= height - size / 4


@given(lineage=lineages())
def test_the_page_shows_hostile_names_as_text(lineage: Lineage) -> None:
    page = read_html(lineage_answer(lineage)._repr_html_())

    assert set(page.tags) <= {"div", "strong", "br"} | ALLOWED
    assert page.others == []
    assert visible_text(lineage["nodes"][0]["name"]) in page.text


@given(text=hostile_texts())
def test_a_name_fits_its_box(text: str) -> None:
    shown = fitted(text, BOX_WIDTH, 12)
    room = int(BOX_WIDTH / (12 * 0.62))
    assert sum(map(columns_of, shown)) <= room
    if shown != visible_text(text):
        assert shown.endswith("…")
        assert visible_text(text).startswith(shown[:-1])


def test_wide_characters_take_two_columns() -> None:
    assert [columns_of(character) for character in "a数é\u0301"] == [1, 2, 1, 0]
    assert fitted("数据集数据集数据集", 12 * 0.62 * 8, 12) == "数据集…"


def closure() -> Lineage:
    nodes = [node(0, 0), node(1, 1, "<b>bold</b>"), node(2, 2)]
    return lineage_of(nodes, [edge(nodes[0], nodes[1]), edge(nodes[1], nodes[2])])


def test_the_caption_counts_what_is_left_out() -> None:
    claimed: dict[str, Any] = {
        "ambiguous": [f"mlg://dataset/lake/{number}" for number in range(7)],
        "folded": {"count": 3, "by_rule": {"x": 3}},
    }
    many = [node(0, 0), *(node(number, 1) for number in range(1, 41))]
    partial = lineage_of(many, [], total=1_200, partial=True, frontier="next", direction="downstream", **claimed)
    text = read_html(lineage_answer(partial)._repr_html_()).text
    assert "1,200 assets" in text
    assert "lists 41 of 1,200" in text
    assert "30 assets are not drawn" in text
    assert "hide 3 assets" in text
    assert "7 assets claim it" in text
    assert "and 2 more" in text
    plain = read_html(lineage_answer(closure())._repr_html_()).text
    assert not re.search("lists|not drawn|hide|claim", plain)


def test_the_answer_stays_the_answer() -> None:
    answer = lineage_answer(closure())
    assert answer.data["nodes"][0]["uri"] == "mlg://dataset/lake/0"
    assert repr(answer) == "<lineage of mlg://dataset/lake/0 downstream: 3 assets, watermark 42>"
    assert answer.status == 200


def test_data_frames_have_all_listed_assets_and_edges() -> None:
    frame = lineage_answer(closure()).to_pandas()
    assert list(frame.columns) == ["uri", "kind", "name", "distance", "certainty", "deleted"]
    assert frame["distance"].tolist() == [0, 1, 2]
    assert frame["deleted"].tolist() == [False] * 3
    edges = lineage_answer(closure()).to_pandas("edges")
    assert edges[["source", "relation"]].values.tolist() == [[f"mlg://dataset/lake/{n}", "derives"] for n in (0, 1)]
    empty = lineage_answer(lineage_of([node(0, 0)], [])).to_pandas("edges")
    assert (len(empty), list(empty.columns)) == (0, list(edges.columns))


def test_the_graph_has_attributes_of_nodes_and_edges() -> None:
    graph = lineage_answer(closure()).to_networkx()
    assert graph.nodes["mlg://dataset/lake/1"] == {
        "kind": "dataset",
        "name": "<b>bold</b>",
        "distance": 1,
        "certainty": "certain",
    }
    assert list(graph.edges(keys=True)) == [
        ("mlg://dataset/lake/0", "mlg://dataset/lake/1", "derives"),
        ("mlg://dataset/lake/1", "mlg://dataset/lake/2", "derives"),
    ]
    assert graph.edges["mlg://dataset/lake/0", "mlg://dataset/lake/1", "derives"]["origins"] == ["facts"]
    assert graph.graph["root"] == "mlg://dataset/lake/0"


def test_a_partial_answer_warns() -> None:
    partial = lineage_answer(lineage_of([node(0, 0)], [], total=9, partial=True, frontier="abc"))
    with pytest.warns(PartialAnswer, match=r"lists 1 of 9 assets: .*cursor='abc'"):
        partial.to_pandas()
    with pytest.warns(PartialAnswer):
        partial.to_networkx()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lineage_answer(closure()).to_pandas()


@pytest.mark.parametrize(("method", "library"), [("to_pandas", "pandas"), ("to_networkx", "networkx")])
def test_a_missing_library_is_named_with_its_extra(method: str, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = builtins.__import__

    def without(name: str, *arguments: Any, **named: Any) -> Any:
        if name.partition(".")[0] == library:
            raise ImportError(name)
        return found(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=rf"{library} is not installed: pip install 'mlgraph\[notebook\]'"):
        getattr(lineage_answer(closure()), method)()


def impact(count: int = 2, **more: Any) -> Impact:
    affected: Any = [
        {
            "uri": f"mlg://dataset/lake/{number}",
            "kind": "dataset",
            "name": f"<i>{number}</i>",
            "distance": 1,
            "severity": "high" if number % 2 else "critical",
            "effect": "breaks_next_run",
            "certainty": "possible" if number == 1 else "certain",
            "owners": ["mlg://team/org/<b>"],
            "path": ["mlg://dataset/lake/root", f"mlg://dataset/lake/{number}"],
        }
        for number in range(1, count + 1)
    ]
    answer: Any = {
        **lineage_of([node(0, 0)], []),
        "root": "mlg://dataset/lake/root",
        "change": "schema",
        "affected": affected,
        "by_severity": {"critical": 1, "high": 1, "medium": 0, "low": 0},
        "notify": [{"owner": "mlg://team/org/a", "assets": ["mlg://dataset/lake/1"]}],
        "total": count,
        **more,
    }
    found: Impact = answer
    return found


def test_an_impact_shows_itself_as_a_table_the_most_severe_first() -> None:
    page = read_html(impact_answer(impact())._repr_html_())
    assert set(page.tags) == {"div", "strong", "br", "table", "thead", "tbody", "tr", "th", "td"}
    assert page.text.index("critical") < page.text.index("high (possible)")
    assert "<i>1</i>" in page.text
    assert "1 critical, 1 high; 1 owners" in page.text
    many = read_html(impact_answer(impact(120, total=500, partial=True))._repr_html_()).text
    assert "70 more" in many
    assert "lists 120 of 500" in many


def test_an_impact_as_frame_and_graph() -> None:
    answer = impact_answer(impact())
    frame = answer.to_pandas()
    assert frame["severity"].tolist() == ["high", "critical"]
    assert frame["path"][0] == ["mlg://dataset/lake/root", "mlg://dataset/lake/1"]
    graph = answer.to_networkx()
    assert sorted(graph.successors("mlg://dataset/lake/root")) == ["mlg://dataset/lake/1", "mlg://dataset/lake/2"]
    assert graph.nodes["mlg://dataset/lake/1"]["effect"] == "breaks_next_run"
    assert repr(answer) == "<impact of schema of mlg://dataset/lake/root: 2 assets, watermark 42>"
