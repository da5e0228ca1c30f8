"""The replay of runs in order of time gives the same result as the backward naive model (tests/model/propagation.py)."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mlgraph.graph.propagation.rebuild_status import NEW, OLD, AffectedSubgraph, Execution, PropagationLink, PropagationReplay
from tests.model.propagation import Naive
from tests.plugins.amounts import amounts

ROOT, ASSETS, WORKFLOWS = 1, range(1, 6), range(11, 13)
_moments = st.integers(3, 9)


@st.composite
def changes(draw: st.DrawFn) -> tuple[AffectedSubgraph, list[Execution]]:
    """Draw a few assets and workflows with edges and runs between them, including cycles and ties."""
    frozen = frozenset(asset for asset in ASSETS[1:] if draw(st.booleans()))
    changed: dict[int, int | None] = {ROOT: 5}
    if draw(st.booleans()):
        changed[2] = draw(st.sampled_from([None, 5, 8]))
    pairs = st.tuples(st.sampled_from(ASSETS), st.sampled_from(ASSETS)).filter(lambda pair: pair[0] != pair[1])
    links = [PropagationLink(*pair, draw(_moments)) for pair in sorted(draw(st.sets(pairs, max_size=4)))]
    reads, makes = {}, {}
    for workflow in WORKFLOWS:
        outputs = draw(st.sets(st.sampled_from(ASSETS[1:]), max_size=2))
        reads[workflow] = draw(st.sets(st.sampled_from(ASSETS), min_size=1, max_size=3)) - outputs
        makes[workflow] = {
            output: {asset: draw(st.booleans()) for asset in sorted(reads[workflow]) if draw(st.booleans())}
            for output in sorted(outputs)
        }
    executions = [_run(draw, number, makes) for number in range(draw(st.integers(0, 7)))]
    return AffectedSubgraph(changed, links, reads, makes, frozen), executions


def _run(draw: st.DrawFn, number: int, makes: dict[int, dict[int, dict[int, bool]]]) -> Execution:
    workflow = draw(st.sampled_from(WORKFLOWS))
    read = frozenset(asset for asset in ASSETS if draw(st.booleans()))
    feeds = {
        output: draw(st.sampled_from([read, read, frozenset(list(read)[:1]), frozenset()]))
        for output in makes[workflow]
        if draw(st.sampled_from([True, True, False]))
    }
    started = draw(_moments)
    ended = draw(st.none() | st.integers(started, started + 4))
    state = draw(st.sampled_from(["COMPLETE", "COMPLETE", "COMPLETE", "FAIL"])) if ended is not None else "RUNNING"
    return Execution(100 + number, workflow, started, ended, state, read, feeds, (workflow % 3, f"run {number}"))


@amounts(250, 1000)
@settings(max_examples=1_000, deadline=None)
@given(changes(), st.randoms())
def test_following_finds_what_looking_back_does(reported: tuple[AffectedSubgraph, list[Execution]], order: object) -> None:
    affected, executions = reported
    order.shuffle(executions)  # type: ignore[attr-defined] # hypothesis's own Random
    followed, naive = PropagationReplay(affected, executions), Naive(affected, executions)
    for asset in ASSETS:
        assert followed.contents(asset).mask == naive.contents(asset), asset
    for workflow in WORKFLOWS:
        status = followed.status(workflow)
        assert (status.state, status.missing, status.waits_on) == naive.status(workflow), workflow


def test_a_long_chain_of_views_reported_backwards_is_followed_at_once() -> None:
    length = 20_000
    links = [PropagationLink(place, place + 1, length - place) for place in range(1, length)]
    followed = PropagationReplay(AffectedSubgraph({1: 2 * length}, links), [])
    assert followed.contents(length) == (NEW, 2 * length, 0)
    assert PropagationReplay(AffectedSubgraph({1: None}, links), []).contents(length) == (OLD, length - 1, 0)


def test_a_run_that_leaves_the_input_out_changes_nothing() -> None:
    version, output, workflow = 2, 3, 11
    affected = AffectedSubgraph(
        {ROOT: 5}, [PropagationLink(ROOT, version, 6)], {workflow: {version}}, {workflow: {output: {}}}, {version}
    )
    runs = [
        Execution(101, workflow, 7, 8, "COMPLETE", frozenset({version}), {output: frozenset({version})}, (1, "a")),
        Execution(102, workflow, 9, 10, "COMPLETE", frozenset(), {output: frozenset()}, (1, "b")),
    ]
    assert PropagationReplay(affected, runs).contents(output) == (NEW, 8, 101)
