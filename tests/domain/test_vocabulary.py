"""The vocabulary in the code and the one in docs/vocabulary.md are the same."""

from __future__ import annotations

from itertools import product
from pathlib import Path

from mlgraph.domain.vocabulary import (
    HELD_OUT_ROLES,
    INPUT_ROLES,
    KIND_NAMES,
    KINDS,
    NEVER_CLOSING_OUTPUTS,
    PART_RELATIONS,
    RELATION_NAMES,
    RELATIONS,
    REQUIREMENTS,
    WALKED,
)

PAGE = Path(__file__).parents[2] / "docs" / "vocabulary.md"


def tables() -> dict[str, dict[str, list[str]]]:
    """The rows of each section's table, by the name in their first cell."""
    found: dict[str, dict[str, list[str]]] = {}
    section = ""
    for line in PAGE.read_text("utf-8").splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        elif line.startswith("| `"):
            name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
            found.setdefault(section, {})[name.strip("`")] = cells
    return found


def triples(ends: str) -> set[tuple[str, str]]:
    """The pairs of kinds that a cell such as `a, b -> c; d -> any` allows."""
    if ends == "any -> the same kind":
        return {(kind, kind) for kind in KINDS}
    allowed: set[tuple[str, str]] = set()
    for pair in ends.split("; "):
        sources, targets = (set(KINDS) if side == "any" else set(side.split(", ")) for side in pair.split(" -> "))
        allowed.update(product(sources, targets))
    return allowed


def test_the_page_lists_every_kind_and_no_other() -> None:
    assert tables()["Kinds"] == {kind.name: [kind.meaning] for kind in KINDS.values()}


def test_the_page_lists_every_relation_with_the_ends_that_it_may_have() -> None:
    for section, walked in (("Lineage relations", True), ("Other relations", False)):
        rows = tables()[section]
        assert set(rows) == {relation.name for relation in RELATIONS.values() if relation.walked == walked}
        for name, (ends, meaning) in rows.items():
            relation = RELATIONS[name]
            assert meaning == relation.meaning
            assert triples(ends) == {pair for pair in product(KINDS, KINDS) if relation.allows(*pair)}, name


def test_the_page_names_the_values_of_edge_properties() -> None:
    text = PAGE.read_text("utf-8")
    assert f"| {', '.join(INPUT_ROLES)} |" in text
    assert f"| {', '.join(REQUIREMENTS)} |" in text


def test_codes_are_unique_and_fit_into_a_byte() -> None:
    for table, names in ((KINDS, KIND_NAMES), (RELATIONS, RELATION_NAMES)):
        codes = [entry.code for entry in table.values()]
        assert len(set(codes)) == len(codes) == len(names)
        assert all(0 < code < 256 for code in codes)
        assert all(names[entry.code] == name == entry.name for name, entry in table.items())


def test_the_sets_name_what_exists() -> None:
    assert set(KINDS) >= NEVER_CLOSING_OUTPUTS
    assert set(INPUT_ROLES) >= HELD_OUT_ROLES
    assert set(RELATIONS) >= PART_RELATIONS
    assert not PART_RELATIONS & WALKED
