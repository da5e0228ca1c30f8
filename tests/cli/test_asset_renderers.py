"""Renderers of assets, diffs and edge origins: referenced assets, cut answers, inferred edges."""

from __future__ import annotations

from io import StringIO

from rich.console import Console, RenderableType

from mlgraph.cli.renderers import asset_renderers
from mlgraph.client.answer_shapes.shapes import Asset, Diff, Origin, Why


def rendered(answer: RenderableType) -> str:
    console = Console(file=StringIO(), width=20_000, highlight=False, emoji=False)
    console.print(answer)
    written = console.file
    assert isinstance(written, StringIO)
    return written.getvalue()


def test_an_empty_diff_without_all_rules_does_not_report_that_nothing_changed() -> None:
    answer: Diff = {
        "from": "2026-01-01T00:00:00Z",
        "to": "2026-01-02T00:00:00Z",
        "uri": None,
        "assets": [],
        "edges": [],
        "total": 0,
        "partial": False,
        "reason": None,
        "watermark": 1,
        "cold_runs": 0,
    }
    assert "Nothing changed between these moments." in rendered(asset_renderers.diff(answer))
    cut = rendered(asset_renderers.diff({**answer, "partial": True, "reason": "the rule made-up needs more than 9 facts here"}))
    assert "Nothing changed" not in cut
    assert "The answer was cut (the rule made-up needs more than 9 facts here)." in cut
    both = rendered(
        asset_renderers.diff({**answer, "partial": True, "reason": "limit; the rule made-up needs more than 9 facts here"})
    )
    assert "needs more than 9 facts here): raise --limit." in both


def test_an_inferred_edge_has_no_recording_time() -> None:
    record: Origin = {
        "origin": "rule:made-up",
        "valid_from": "2026-01-01T00:00:00Z",
        "valid_to": None,
        "recorded_at": None,
        "actor": None,
        "event": None,
        "runs": [],
        "runs_total": 0,
        "properties": {},
    }
    answer: Why = {
        "source": "mlg://team/n/a",
        "relation": "depends_on",
        "target": "mlg://team/n/b",
        "as_of": "2026-01-02T00:00:00Z",
        "holds": True,
        "origins": [record],
        "rule": "made-up",
        "path": [],
        "path_as_of": "2026-01-02T00:00:00Z",
        "watermark": 1,
        "cold_runs": 0,
    }
    assert "recorded" not in rendered(asset_renderers.why(answer))
    origin: Origin = {**record, "recorded_at": "2026-01-01T00:00:00Z", "actor": "ann"}
    assert "recorded 2026-01-01 00:00:00 by ann" in rendered(asset_renderers.why({**answer, "origins": [origin]}))


def test_a_column_that_a_schema_lists_counts_as_described() -> None:
    answer: Asset = {
        "uri": "mlg://column/n/t%23user.id",
        "kind": "column",
        "name": "user.id",
        "names": [],
        "ambiguous": [],
        "description": None,
        "owners": [],
        "tags": [],
        "links": [],
        "deprecated": False,
        "successor": None,
        "fields": {},
        "properties": {"type": "int"},
        "environment": None,
        "origins": [],
        "valid_from": None,
        "deleted_at": None,
        "referenced_only": True,
        "relations": [],
        "relations_total": 0,
        "history": [],
        "health": {"status": "unknown", "reasons": []},
        "usage": {"reads": {"runs_30d": 0, "requests_30d": 0}, "last_read_at": None},
        "etag": "0",
        "as_of": "2026-01-02T00:00:00Z",
        "partial": False,
        "reason": None,
        "cold_runs": 0,
        "watermark": 1,
    }
    assert "no source has described it" not in rendered(asset_renderers.asset(answer))
    assert "no source has described it" in rendered(asset_renderers.asset({**answer, "properties": {}}))
