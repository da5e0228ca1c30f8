"""Pictures of single things: what was cut is said, with advice that helps."""

from __future__ import annotations

from io import StringIO

from rich.console import Console, RenderableType

from mlgraph.cli import things
from mlgraph.client.shapes import Diff, Origin, Why


def drawn(said: RenderableType) -> str:
    console = Console(file=StringIO(), width=20_000, highlight=False, emoji=False)
    console.print(said)
    written = console.file
    assert isinstance(written, StringIO)
    return written.getvalue()


def test_a_diff_from_which_rules_are_left_out_does_not_say_that_nothing_changed() -> None:
    said: Diff = {
        "from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z", "uri": None, "assets": [], "edges": [], "total": 0,
        "partial": False, "reason": None, "watermark": 1, "cold_runs": 0,
    }  # fmt: skip
    assert "Nothing changed between these moments." in drawn(things.diff(said))
    cut = drawn(things.diff({**said, "partial": True, "reason": "the rule made-up needs more than 9 facts here"}))
    assert "Nothing changed" not in cut
    assert "The answer was cut (the rule made-up needs more than 9 facts here)." in cut
    both = drawn(things.diff({**said, "partial": True, "reason": "limit; the rule made-up needs more than 9 facts here"}))
    assert "needs more than 9 facts here): raise --limit." in both


def test_what_a_rule_infers_was_learned_from_nobody() -> None:
    record: Origin = {
        "origin": "rule:made-up", "valid_from": "2026-01-01T00:00:00Z", "valid_to": None, "recorded_at": None, "actor": None,
        "event": None, "runs": [], "runs_total": 0, "properties": {},
    }  # fmt: skip
    said: Why = {
        "source": "mlg://team/n/a", "relation": "depends_on", "target": "mlg://team/n/b",
        "as_of": "2026-01-02T00:00:00Z", "holds": True, "origins": [record], "rule": "made-up", "path": [],
        "path_as_of": "2026-01-02T00:00:00Z", "watermark": 1, "cold_runs": 0,
    }  # fmt: skip
    assert "learned" not in drawn(things.why(said))
    told: Origin = {**record, "recorded_at": "2026-01-01T00:00:00Z", "actor": "ann"}
    assert "learned 2026-01-01 00:00:00 from ann" in drawn(things.why({**said, "origins": [told]}))
