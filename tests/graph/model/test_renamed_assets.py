"""Aliases change only the names of the assets at the ends of edges: compared with the same history without aliases."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from mlgraph.domain.facts import AssetFact, AssetRetraction, EdgeFact, EdgeRetraction, Fact, Mode
from mlgraph.domain.payloads.payload import canonical_json
from mlgraph.domain.timestamps import FOREVER
from mlgraph.domain.uri import AssetUri, column_uri
from mlgraph.graph.model.claims import Alias
from tests.graph.projected import LEVELS_OF_EDGES, Edge, Projected
from tests.graph.test_against_naive import in_batches, some_moments
from tests.model import histories
from tests.model.histories import DATASETS, TIMES, VERSIONS, WORKFLOWS
from tests.model.names import resolve_all, use_two_names_of_one_asset
from tests.plugins.amounts import amounts

A, B, C = DATASETS[:3]
TRAIN = WORKFLOWS[0]
_NAMED = (DATASETS, DATASETS, VERSIONS, WORKFLOWS)


def some_aliases(rng: random.Random) -> list[Fact]:
    facts: list[Fact] = []
    for _ in range(rng.randint(1, 4)):
        name, of = rng.sample(rng.choice(_NAMED), 2)
        start = rng.randint(0, 8)
        end = rng.choice((None, None, rng.choice(TIMES[start + 1 :])))
        properties = {"decision": "apart"} if rng.random() < 0.2 else {}
        facts.append(EdgeFact(name, "alias_of", of, rng.choice(histories.ORIGINS), TIMES[start], end, properties))
        if rng.random() < 0.2:
            facts.append(EdgeRetraction(name, "alias_of", of, rng.choice(histories.ORIGINS), rng.choice(TIMES)))
    return facts


def alias_intervals(aliases: Sequence[Fact]) -> list[Alias]:
    """Return the aliases that the facts assert; a later statement of the same origin ends the earlier one."""
    numbers = {str(uri): number for number, uri in enumerate(all_uris())}
    found: list[Alias] = []
    asserted = [fact for fact in aliases if isinstance(fact, EdgeFact)]
    cuts = [fact for fact in aliases if isinstance(fact, EdgeRetraction)]
    keyed = {(f.source, f.target, f.origin, f.valid_from): f for f in asserted}
    for (source, target, origin, start), first in keyed.items():
        assert start is not None
        same = [f for f in asserted if (f.source, f.target, f.origin, f.valid_from) == (source, target, origin, start)]
        latest = max(same, key=lambda fact: canonical_json(dict(fact.properties))) if len(same) > 1 else first  # ADR 0011
        ends = [f.valid_to for f in same if f.valid_to is not None]
        later = [f.valid_from for f in asserted if (f.source, f.target, f.origin) == (source, target, origin)]
        ends += [moment for moment in later if moment is not None and moment > start]
        retracted = [c.valid_to for c in cuts if (c.source, c.target, c.origin) == (source, target, origin)]
        ends += [moment for moment in retracted if moment is not None and moment >= start]
        end = min(ends, default=FOREVER)
        rank = 1 if origin == "facts" else 0
        if start < end:
            apart = latest.properties.get("decision") == "apart"
            found.append(Alias(numbers[str(source)], numbers[str(target)], start, end, rank, apart))
            for field in "xy" if source.kind == "dataset" else "":
                left, right = (numbers[str(column_uri(uri, field))] for uri in (source, target))
                found.append(Alias(left, right, start, end, rank, apart))
    return found


def all_uris() -> list[AssetUri]:
    uris = [*DATASETS, *VERSIONS, *WORKFLOWS]
    return [*uris, *(column_uri(dataset, field) for dataset in DATASETS for field in "xy")]


def resolve_names(edges: dict[Edge, set[str]], aliases: Sequence[Alias], moment: int) -> dict[Edge, set[str]]:
    uris = all_uris()
    numbers = {str(uri): number for number, uri in enumerate(uris)}
    resolved = resolve_all(aliases, range(len(uris)), lambda number: str(uris[number]), moment)

    def name(uri: AssetUri) -> AssetUri:
        return uris[resolved[numbers[str(uri)]][0]] if str(uri) in numbers else uri

    found: dict[Edge, set[str]] = {}
    for (source, relation, target), origins in edges.items():
        if source == target or name(source) != name(target):
            found.setdefault((name(source), relation, name(target)), set()).update(origins)
    return found


@amounts(80, 400)
@pytest.mark.parametrize("compact_at", [0, 3, None])
def test_edges_have_the_names_of_the_moment(compact_at: int | None, seeds: range) -> None:
    compared = 0
    for seed in seeds:
        rng = random.Random(7000 + 1000 * (compact_at or 0) + seed)
        facts = [fact for fact in histories.random_history(rng, most=6) if not isinstance(fact, AssetRetraction)]
        # all columns exist from the start, so that the columns of merged datasets are merged too
        columns = [AssetFact(uri, "facts", TIMES[0], {}, Mode.PATCH) for uri in all_uris() if uri.kind == "column"]
        aliases = some_aliases(rng)
        if use_two_names_of_one_asset([*facts, *aliases]):
            continue
        compared += 1
        plain = Projected([[*columns, *facts]])
        named = Projected(in_batches([*columns, *facts, *aliases], rng), compact_at)
        rebuilt = Projected([[*columns, *facts, *aliases]])
        rebuilt.rebuild()
        for moment in some_moments([*facts, *aliases], rng, 4):
            for level in LEVELS_OF_EDGES:
                wanted = resolve_names(plain.edges(level, moment), alias_intervals(aliases), moment)
                assert named.edges(level, moment) == wanted, f"seed {seed} at {moment}, {level}"
                assert rebuilt.edges(level, moment) == wanted, f"seed {seed} at {moment}, {level}, rebuilt"
            parts = resolve_names({part: set() for part in plain.parts(moment)}, alias_intervals(aliases), moment)
            assert named.parts(moment) == set(parts), f"seed {seed} at {moment}, parts"
    assert compared > 40 * len(seeds) // 400


def test_an_asset_that_is_renamed_continues_under_its_new_name() -> None:
    run: list[Fact] = [
        AssetFact(histories.RUNS[0], "openlineage", TIMES[1], {"properties": {"state": "COMPLETE"}}, Mode.PATCH),
        EdgeFact(histories.RUNS[0], "run_of", TRAIN, "openlineage", TIMES[1]),
        EdgeFact(A, "input_to", histories.RUNS[0], "openlineage", TIMES[1]),
    ]
    renamed: list[Fact] = [
        AssetRetraction(A, "openlineage", TIMES[3]),
        EdgeFact(A, "alias_of", B, "openlineage", TIMES[3] + 1, mode=Mode.PATCH),
    ]
    real = Projected([[*run, AssetFact(A, "openlineage", TIMES[0], {}, Mode.PATCH)], renamed])
    assert set(real.edges("asset", TIMES[2])) == {(A, "input_to", TRAIN)}
    assert set(real.edges("asset", TIMES[4])) == {(B, "input_to", TRAIN)}
    # another table receives the name; the workflow has not read it yet, but its edge is recorded by name
    real.append([AssetFact(A, "openlineage", TIMES[5], {"properties": {"lifecycle": "CREATE"}}, Mode.PATCH)])
    assert set(real.edges("asset", TIMES[4])) == {(B, "input_to", TRAIN)}
    assert set(real.edges("asset", TIMES[6])) == {(A, "input_to", TRAIN)}


def test_an_asset_dropped_under_its_new_name_has_no_edges_under_the_old_name() -> None:
    facts: list[Fact] = [
        AssetFact(A, "facts", TIMES[0], {}),
        EdgeFact(A, "derives", C, "facts", TIMES[0]),
        AssetRetraction(A, "facts", TIMES[2]),
        EdgeFact(A, "alias_of", B, "facts", TIMES[2] + 1),
        AssetFact(B, "facts", TIMES[2] + 1, {}),
        AssetRetraction(B, "facts", TIMES[4]),
    ]
    real = Projected([[fact] for fact in facts])
    assert set(real.edges("asset", TIMES[3])) == {(B, "derives", C)}
    assert real.edges("asset", TIMES[5]) == {}


def test_a_retracted_merge_leaves_two_assets_with_their_histories() -> None:
    facts: list[Fact] = [EdgeFact(A, "derives", C, "facts", TIMES[0]), EdgeFact(B, "derives", C, "facts", TIMES[1])]
    real = Projected([facts, [EdgeFact(A, "alias_of", B, "facts", TIMES[2])]])
    assert set(real.edges("asset", TIMES[9])) == {(B, "derives", C)}
    real.append([EdgeRetraction(A, "alias_of", B, "facts", TIMES[2])])
    assert set(real.edges("asset", TIMES[9])) == {(A, "derives", C), (B, "derives", C)}
    assert set(real.edges("asset", TIMES[0])) == {(A, "derives", C)}


def test_edges_to_a_name_continue_when_its_retraction_turns_out_to_be_a_rename() -> None:
    """A was renamed to B, and B to C; the second rename arrives after the retraction of B has ended the alias from A."""
    facts: list[Fact] = [
        EdgeFact(A, "derives", DATASETS[3], "facts", TIMES[0]),
        AssetRetraction(A, "facts", TIMES[2]),
        EdgeFact(A, "alias_of", B, "facts", TIMES[2] + 1),
        AssetRetraction(B, "facts", TIMES[4]),
    ]
    real = Projected([facts])
    assert real.edges("asset", TIMES[5]) == {}
    real.append([EdgeFact(B, "alias_of", C, "facts", TIMES[4] + 1)])
    assert set(real.edges("asset", TIMES[3])) == {(B, "derives", DATASETS[3])}
    assert set(real.edges("asset", TIMES[5])) == {(C, "derives", DATASETS[3])}
