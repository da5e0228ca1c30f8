"""Hypothesis strategies: valid documents of a producer, and mutations that make them invalid."""

from __future__ import annotations

import copy
import json
import re
from typing import Any, Final

from hypothesis import strategies as st

from mlgraph.domain.uri import AssetUri
from tests.contract.producing import Producer, at, facet
from tests.contract.serving import Json, Names

_DEEP: Final = re.compile(r'"@@deep (\d+)@@"')
_TWICE: Final = re.compile(r'"@@twice@@": ?')


def events(names: Names) -> list[Json]:
    """OpenLineage events of all three shapes, with facets of many kinds."""
    producer = Producer(names)
    facets = {
        "x": {
            "columnLineage": producer.columns(f="a.f", g="a.f b.g"),
            "schema": facet(fields=[{"name": "f", "type": "struct", "fields": [{"name": "g", "type": "int"}]}]),
            "ownership": facet(owners=[{"name": "team:ranking", "type": "MAINTAINER"}]),
            "documentation": facet(description="d"),
            "version": facet(datasetVersion="1"),
            "lifecycleStateChange": facet(lifecycleStateChange="ALTER"),
            "symlinks": facet(identifiers=[{"namespace": "n", "name": "x", "type": "TABLE"}]),
            "tags": facet(tags=[{"key": "k"}]),
            "dataSource": facet(name="pg", uri="postgres://user:secret@host/db"),
            "dataQualityAssertions": facet(assertions=[{"assertion": "not_null", "success": True, "column": "f"}]),
        }
    }
    run = producer.run("r", 1, "COMPLETE", "ab", "x", code="1", facets=facets)
    run["run"]["facets"] = {
        "parent": facet(run={"runId": "p"}, job={"namespace": "n", "name": "p"}),
        "nominalTime": facet(nominalStartTime=at(0), nominalEndTime=at(9)),
        "errorMessage": facet(message="m", programmingLanguage="py", stackTrace="t"),
    }
    run["job"]["facets"]["jobType"] = facet(processingType="BATCH", integration="SPARK", jobType="JOB")
    start = producer.run("r", 0, "START", "a")
    return [run, start, producer.job(3, "a", "x"), producer.dataset(4, "a", **facets["x"])]


def facts(names: Names) -> list[Json]:
    """Facts of every type, with all their fields."""
    a, b, run, job = names.dataset("a"), names.dataset("b"), names.run("r"), names.workflow()
    return [
        {
            "asset": {
                "uri": a,
                "name": "a",
                "description": "d",
                "owners": [names.of("team", "t")],
                "tags": ["x"],
                "origin": "facts",
                "properties": {"rows": 1, "schema": [{"name": "f", "type": "int"}]},
                "valid_from": at(1),
            }
        },
        {"asset": {"uri": run, "properties": {"state": "COMPLETE", "ended_at": at(2), "code_version": "1"}, "valid_from": at(1)}},
        {
            "edge": {
                "source": a,
                "relation": "input_to",
                "target": run,
                "valid_from": at(1),
                "valid_to": at(9),
                "properties": {"role": "training", "version": "3"},
                "origin": "facts",
            }
        },
        {"edge": {"source": run, "relation": "outputs", "target": b, "valid_from": at(2), "properties": {"from": [a]}}},
        {"edge": {"source": run, "relation": "run_of", "target": job, "valid_from": at(2)}},
        {
            "edge": {
                "source": names.column("a", "f"),
                "relation": "derives",
                "target": names.column("b", "g"),
                "valid_from": at(2),
                "properties": {"by": run},
            }
        },
        {"retract": {"source": a, "relation": "derives", "target": b, "valid_to": at(3), "origin": "*"}},
        {"retract": {"uri": b, "valid_to": at(5)}},
    ]


def _giant(character: str) -> str:
    return character * 300_000


ODD_TEXT: Final = st.one_of(
    st.text(st.characters(), max_size=8),
    st.sampled_from(
        [
            "",
            " ",
            "\0",
            "a\0b",
            "\ud800",
            "\udfff\ud800",
            "\u202e",
            "\ufeff",
            "\uffff",
            "\U0010ffff",
            "e\u0301",
            "%",
            "%00",
            "%2",
            "#",
            "a#b#c",
            "//",
            "mlg://",
            "mlg://dataset/a/b",
            "mlg://run/" + "x" * 5000 + "/y",
            "NaN",
            "null",
            "*",
            "rule:x",
            "'; --",
            "{}",
            "9999-12-31T23:59:59.999999Z",
            "0001-01-01T00:00:00Z",
            "2026-02-30T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "-1",
            "2026-01-01T00:00:00.0000000001Z",
            "2026-01-01T00:00:60Z",
            "2026-01-01T00:00:00+99:99",
            "COMPLETE",
            "\u0130",
            "\x1b[31m",
        ]
    ),
    st.sampled_from("x\0\u00e9\U0001f600 /%#").map(_giant),
)
SHORT_TEXT: Final = st.text(st.characters(), min_size=1, max_size=6)
ODD_URI: Final = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=12).map(
    lambda name: str(AssetUri("dataset", "odd", name))
)
NUMBERS: Final = st.one_of(
    st.integers(-3, 3),
    st.floats(),
    st.sampled_from([2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63) - 1, 2**64, 10**308, 10**4000, 1e308, -0.0, 5e-324]),
)
DEEP: Final = st.sampled_from([50, 900, 1100, 30_000]).map("@@deep {}@@".format)
JUNK: Final = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, ODD_TEXT, DEEP),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ODD_TEXT | st.just("@@twice@@"), inner, max_size=3),
    max_leaves=5,
)
_NAMING: Final = ("name", "namespace", "runId", "uri", "source", "target", "field", "eventTime", "valid_from", "valid_to")
_CHANGES: Final = st.sampled_from(["reword", "reword", "replace", "replace", "remove", "add", "rename", "repeat", "twice"])


def _places(value: Any) -> list[tuple[Any, Any]]:
    """All (container, key) pairs of a document."""
    children = list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    found = [(value, key) for key, _ in children]
    for _, child in children:
        found += _places(child)
    return found


@st.composite
def gone_wrong(draw: st.DrawFn, document: Json) -> Any:
    """A copy of `document` with one to three random changes, which may leave it valid."""
    changed: Any = copy.deepcopy(document)
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3]))):
        places = _places(changed)
        if not places:
            return changed
        naming = [place for place in places if place[1] in _NAMING]
        named = draw(st.booleans())
        container, key = draw(st.sampled_from(naming if naming and named else places))
        change = draw(_CHANGES)
        if change == "reword":
            container[key] = draw(ODD_URI if key in ("uri", "source", "target") else SHORT_TEXT | ODD_TEXT)
        elif change == "replace":
            container[key] = draw(JUNK)
        elif change == "remove":
            del container[key]
        elif isinstance(container, list):
            container.extend([draw(JUNK) if change == "add" else copy.deepcopy(container[key])] * draw(st.sampled_from([1, 3])))
        elif change == "rename":
            container[draw(ODD_TEXT)] = container.pop(key)
        else:
            container["@@twice@@" if change == "twice" else draw(ODD_TEXT)] = draw(JUNK)
    return changed


def written(document: Any, *, ascii_only: bool) -> bytes:
    """The text of a document; deep nesting and repeated keys, which no encoder writes, are inserted by replacement."""
    text = json.dumps(document, ensure_ascii=ascii_only)
    text = _DEEP.sub(lambda found: "[" * int(found[1]) + "]" * int(found[1]), text)
    text = _TWICE.sub('"twice": 1, "twice": ', text)
    return text.encode("utf-8", "surrogatepass")


@st.composite
def damaged(draw: st.DrawFn, text: bytes) -> bytes:
    """The text, sometimes damaged in transit: cut, changed bytes, another encoding, repeated."""
    place = draw(st.integers(0, max(0, len(text) - 1)))
    plain = text.decode("utf-8", "replace")
    ways = {
        "cut": text[:place],
        "byte": text[:place] + draw(st.binary(min_size=1, max_size=3)) + text[place + 1 :],
        "bom": b"\xef\xbb\xbf" + text,
        "utf-16": plain.encode("utf-16"),
        "latin": plain.encode("latin-1", "replace"),
        "twice": text + text,
    }
    return draw(st.sampled_from([text] * 12 + list(ways.values())))
