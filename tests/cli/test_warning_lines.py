"""Warnings about events as lines: sorted by kind, bounded, and nothing left out silently."""

from mlgraph.cli.renderers.warning_lines import MAX_GROUPS, warning_lines
from mlgraph.client.answer_shapes.ingest_shapes import IndexedWarning, IngestedEvents


def answer(warnings: list[IndexedWarning], total: int | None = None) -> IngestedEvents:
    return {
        "accepted": 1,
        "duplicates": 0,
        "rejected": [],
        "watermark": 1,
        "warnings": warnings,
        "warnings_total": len(warnings) if total is None else total,
    }


def warning(index: int, pointer: str, message: str = "left out") -> IndexedWarning:
    return {"index": index, "pointer": pointer, "message": message}


def lines(shape: IngestedEvents) -> list[str]:
    return list(warning_lines(shape, lambda index: f"f:{index + 1}"))


def test_a_good_answer_has_no_lines() -> None:
    assert lines(answer([])) == []


def test_positions_in_arrays_make_no_difference_but_members_do() -> None:
    shape = answer([warning(0, "/inputs/0/name"), warning(0, "/inputs/12/name"), warning(4, "/inputs/1/namespace")])
    assert lines(shape)[1:] == ["f:1 /inputs/0/name: left out (and 1 more: f:1)", "f:5 /inputs/1/namespace: left out"]


def test_many_places_are_shortened_and_the_document_has_no_pointer() -> None:
    (line,) = lines(answer([warning(index, "") for index in range(9)]))[1:]
    assert line == "f:1: left out (and 8 more: f:2, f:3, f:4, f:5, f:6, ...)"


def test_what_is_not_listed_is_counted() -> None:
    sorts = [warning(0, "/x", f"sort {number}") for number in range(MAX_GROUPS + 3)]
    assert lines(answer(sorts, 5_000))[-2:] == [
        "and 3 more sorts of warnings; --json lists them",
        "4,977 further warnings are counted only",
    ]
    assert lines(answer(sorts, 5_000))[0].startswith("5,000 details")
