"""The severity table in docs/impact.md is the one in the code."""

import re
from pathlib import Path

from mlgraph.domain.vocabulary import IDLE_STATES, KINDS
from mlgraph.graph.impact.severity import SEVERITIES, TABLE, severity

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "impact.md").read_text(encoding="utf-8")
EFFECTS = ("breaks_now", "breaks_next_run", "tainted")


def documented() -> dict[str, tuple[str, ...]]:
    rows = re.findall(r"^\| (\w[\w ]*) \| (\w+) \| (\w+) \| (\w+) \|$", PAGE.split("## Severity")[1], re.MULTILINE)
    return {kind: tuple(ranks) for kind, *ranks in rows if kind != "kind"}


def test_every_row_of_the_page_is_what_the_code_answers() -> None:
    table = documented()
    assert len(table) > 10
    for kind in KINDS:
        expected = table.get(kind, table["any other"])
        assert tuple(severity(effect, kind, deployed=False, soft=False, idle=False) for effect in EFFECTS) == expected, kind


def test_every_kind_that_the_code_names_has_a_row() -> None:
    assert {kind for row in TABLE.values() for kind in row if kind != "*"} <= set(documented())


def test_the_idle_states_are_on_the_page() -> None:
    listed = PAGE.split("nobody relies on it:")[1].split(".")[0]
    assert set(re.findall(r"\w+", listed)) - {"or"} == IDLE_STATES


def test_deployed_versions_count_as_high_and_soft_or_idle_lowers_by_one() -> None:
    assert severity("tainted", "model_version", deployed=True, soft=False, idle=False) == "high"
    assert severity("breaks_now", "service", deployed=False, soft=True, idle=False) == "high"
    assert severity("breaks_now", "service", deployed=False, soft=True, idle=True) == "medium"
    assert severity("tainted", "workflow", deployed=False, soft=True, idle=True) == SEVERITIES[-1]
    assert severity(None, "dataset", deployed=False, soft=False, idle=False) == "medium"
