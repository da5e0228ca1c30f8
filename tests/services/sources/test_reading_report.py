"""What arrived of a source, and what could not be named."""

from __future__ import annotations

import pytest

from mlgraph.domain.payloads.detail_warnings import DetailWarning
from mlgraph.domain.uri import AssetUri
from mlgraph.services.sources import reading_report
from mlgraph.services.sources.reading_report import ReadingReport

A, B = (AssetUri("run", "n", name) for name in "ab")
NO_PLACE, OTHER = DetailWarning("/a", "no place"), DetailWarning("/b", "password=hunter2")


def test_gaps_are_those_of_the_latest_answer_about_each_object() -> None:
    report = ReadingReport()
    report.arrived([A, B, None])
    report.warned(A, [NO_PLACE, NO_PLACE, OTHER])
    report.warned(B, [NO_PLACE])
    body = report.body()
    assert body["arrived"] == {"run": 2}
    assert [(each["message"], each["objects"], each["example"]) for each in body["gaps"]] == [
        ("no place", 2, str(A)),
        ("password=[redacted]", 1, str(A)),
    ]
    report.warned(A, [])
    assert [(each["message"], each["objects"]) for each in report.body()["gaps"]] == [("no place", 1)]
    report.begin()
    assert report.body() == {"arrived": {}, "gaps": [], "gaps_total": 0, "gaps_partial": False}


def test_objects_that_are_not_remembered_make_it_partial(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_report, "_MOST_SUBJECTS", 1)
    report = ReadingReport()
    report.warned(A, [NO_PLACE])
    report.warned(B, [NO_PLACE])
    report.warned(A, [NO_PLACE])
    body = report.body()
    assert (body["gaps"][0]["objects"], body["gaps_partial"]) == (1, True)
