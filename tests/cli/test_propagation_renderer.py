"""The renderer of propagation: order by state, details, next steps and owners to remind."""

from __future__ import annotations

import copy
from io import StringIO

from rich.console import Console

from mlgraph.api.schema import operations
from mlgraph.cli.renderers import propagation_renderer
from mlgraph.client.answer_shapes.propagation_shapes import Propagation, RebuiltWorkflow
from tests.api.double_answers import LAKE
from tests.cli.conftest import Run


def rendered(answer: Propagation) -> str:
    console = Console(file=StringIO(), width=20_000, highlight=False, emoji=False)
    console.print(propagation_renderer.propagation(answer))
    written = console.file
    assert isinstance(written, StringIO)
    return written.getvalue()


def workflow(name: str, state: str, **answer: object) -> RebuiltWorkflow:
    entry = copy.deepcopy(operations.PROPAGATION["workflows"][0])
    entry.update({"name": name, "state": state, "run": None, "missing": [], **answer})  # type: ignore[typeddict-item]
    return entry


def test_entries_that_need_action_come_first_with_their_next_step(run: Run) -> None:
    out = run("propagation", LAKE, "--since", "2026-11-01T00:00:00Z").out
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "workflows: 1 failed" in lines
    assert "assets: 1 stale" in lines
    rows = lines[lines.index("state asset since detail next owners") + 1 :]
    assert rows[0].startswith("failed workflow clean_ratings 2026-11-02 03:00:00 run 0196d6b2-5f3e-7c1a-9a53-0d2c7e1b4f60 check")
    assert rows[1].startswith("stale dataset ratings/clean")
    assert rows[-2:] == ["Remind:", "data 1 asset"]


def test_waiting_and_partly_name_their_inputs_and_only_what_needs_action_is_reminded() -> None:
    answer = copy.deepcopy(operations.PROPAGATION)
    inputs = [f"mlg://dataset/lake/in{number}" for number in range(5)]
    answer["workflows"] = [
        workflow("w", "waiting", missing=inputs, waits_on=inputs),
        workflow("p", "partly", missing=inputs[:1]),
        workflow("o", "rebuilt"),
    ]
    answer["by_state"] = {"workflows": {"partly": 1, "waiting": 1, "rebuilt": 1}, "assets": {}}
    text = rendered(answer)
    assert text.index("workflow p") < text.index("workflow w") < text.index("workflow o")
    assert "waits on in0, in1, in2 and 2 others" in text
    assert "missing in0" in text
    assert "assets:" not in text
    answer["workflows"], answer["by_state"], answer["remind"] = (
        [workflow("o", "rebuilt")],
        {"workflows": {"rebuilt": 1}, "assets": {}},
        [],
    )
    assert "emind" not in rendered(answer)


def test_a_deployment_on_the_old_state_names_its_version_and_an_old_version_its_successor() -> None:
    answer = copy.deepcopy(operations.PROPAGATION)
    version, deployment = (copy.deepcopy(answer["assets"][0]) for _ in range(2))
    version |= {"kind": "model_version", "name": "v1", "state": "old", "successor": "mlg://model_version/m/v2"}
    served = {"uri": "mlg://model_version/m/v1", "state": "on_old", "since": "2026-11-01T00:00:00Z", "weight": 0.25}
    deployment |= {"kind": "deployment", "name": "blue", "state": "on_old", "served_by": [served]}  # type: ignore[list-item]
    answer["assets"], answer["by_state"] = [version, deployment], {"workflows": {}, "assets": {"on_old": 1, "old": 1}}
    text = rendered(answer)
    assert text.index("deployment blue") < text.index("model_version v1")
    assert "runs on v1 (on old at 0.25)" in text
    assert "followed by v2" in text
    assert "nothing: it stays as it was built" in text


def test_an_empty_answer_and_a_long_one_report_how_to_continue() -> None:
    answer = copy.deepcopy(operations.PROPAGATION)
    answer |= {"workflows": [], "assets": [], "total": 0, "by_state": {"workflows": {}, "assets": {}}, "remind": []}
    assert "No known asset is derived from it" in rendered(answer)
    many = copy.deepcopy(operations.PROPAGATION)
    many |= {"total": 900, "partial": True, "reason": "limit", "frontier": "f"}
    text = rendered(many)
    assert "2 of 900 shown: use --json" in text
    assert "Continue with --cursor f" in text
