"""Validation of documents by a schema: each fault has a position and advice."""

from __future__ import annotations

from typing import Annotated, ClassVar

import pytest
from pydantic import model_validator

from mlgraph.documents.faults import Faults
from mlgraph.documents.fields import Line, Prose, duration_s, number, one_of
from mlgraph.documents.reader import read
from mlgraph.documents.sections import FaultAt, Section, validate, validate_items


class Step(Section, title="a step"):
    share: Annotated[float, number(0, 1)]
    after: Annotated[float, duration_s("1s", "1h")] | None = None


class Plan(Section, title="a plan"):
    name: Line
    note: Prose | None = None
    steps: tuple[Step, ...] = ()
    replicas: int = 1
    alternative_keys: ClassVar = {"target": "a plan has no target; write it in an entry of its own"}

    @model_validator(mode="after")
    def _grow(self) -> Plan:
        for index, (one, other) in enumerate(zip(self.steps, self.steps[1:], strict=False), 1):
            if other.share <= one.share:
                raise FaultAt("each share must be larger than the one before", "steps", index, "share")
        return self


def faults(text: str) -> list[str]:
    found = Faults()
    document = read(text, found)
    assert document is not None
    assert validate(Plan, document, (), found) is None
    return [f"{position.line}:{position.column} {message}" for position, message in sorted(found.found)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x", ["1:1 a plan must be keys with values: name, note, steps, replicas, target"]),
        ("nmae: x", ["1:1 name is missing here; add it", "1:1 unknown key 'nmae' in a plan; did you mean 'name'?"]),
        ("name: x\ntarget: y", ["2:1 a plan has no target; write it in an entry of its own"]),
        ("name: x\ntargt: y", ["2:1 unknown key 'targt' in a plan; did you mean 'target'?"]),
        ("name: x\nnote:\n", ["2:6 note has no value; add one, or remove the key"]),
        ("name: x\nnote: ' '\n", ["2:7 this must be a text that is not empty"]),
        ("name: x\nsteps: {}", ["2:8 steps must be a list: start each entry with '- '"]),
        ("name: x\nsteps: [1]", ["2:9 a step must be keys with values: share, after"]),
        ("name: x\nreplicas: many", ["2:11 Input should be a valid integer, unable to parse string as an integer"]),
        (
            "name: []\nsteps:\n  - {share: 2, afer: 1s}\n  - {after: 2h}\n",
            [
                "1:7 this must be a text, not a list or further keys",
                "3:13 this must be a number from 0 to 1",
                "3:16 unknown key 'afer' in a step; did you mean 'after'?",
                "4:5 share is missing here; add it",
                "4:13 this must be a number with the unit ms, s, m, h or d, such as 30s: 1s to 1h",
            ],
        ),
        ("name: x\nsteps:\n  - share: 0.5\n  - share: 0.5\n", ["4:12 each share must be larger than the one before"]),
    ],
)
def test_every_fault_is_where_it_belongs(text: str, expected: list[str]) -> None:
    assert faults(text) == expected


def test_a_valid_section_is_returned() -> None:
    document = read(
        "name: x\nnote: |\n  two\n  lines\nsteps: [{share: 0.5, after: 1.5m}, {share: 1}]\nreplicas: 3\n", found := Faults()
    )
    assert document is not None
    plan = validate(Plan, document, (), found)
    assert not found.found
    assert plan == Plan.model_construct(
        name="x",
        note="two\nlines",
        steps=(Step.model_construct(share=0.5, after=90.0), Step.model_construct(share=1.0)),
        replicas=3,
    )


def test_valid_items_are_returned_with_their_location() -> None:
    document = read("[{share: 1}, {share: x}, {share: '1'}, {share: 0}]", found := Faults())
    assert document is not None
    assert [(location, step.share) for location, step in validate_items(Step, document, (), found)] == [((0,), 1.0), ((3,), 0.0)]
    assert len(found.found) == 2


def test_one_of_known_words() -> None:
    assert one_of("colour", ("red", "blue"), "red") == "red"
    with pytest.raises(ValueError, match=r"this is no colour; did you mean 'blue'\?"):
        one_of("colour", ("red", "blue"), "Blu")
    with pytest.raises(ValueError, match="this is no colour; known: red, blue"):
        one_of("colour", ("red", "blue"), "x")
