"""Impact of a change on small hand-written companies (docs/spec.md#6-impact)."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

from mlgraph.domain.facts import EdgeFact
from mlgraph.domain.uri import AssetUri
from mlgraph.graph.impact.analysis import ImpactWalk
from mlgraph.graph.impact.change_effects import Change, Effect
from mlgraph.graph.impact.predecessor_search import NOTHING
from mlgraph.graph.model.rows import Layer
from tests.graph.projected import Projected

RAW, CLEAN = AssetUri("dataset", "n", "raw"), AssetUri("dataset", "n", "clean")
TRAIN = AssetUri("workflow", "n", "train")
VERSION, MODEL = AssetUri("model_version", "n", "m/1"), AssetUri("model", "n", "m")
DEPLOYMENT, SERVICE = AssetUri("deployment", "n", "d"), AssetUri("service", "n", "s")
COMPANY = [
    (RAW, "derives", CLEAN),
    (CLEAN, "input_to", TRAIN),
    (TRAIN, "outputs", VERSION),
    (VERSION, "version_of", MODEL),
    (VERSION, "deployed_as", DEPLOYMENT),
    (DEPLOYMENT, "serves", SERVICE),
    (CLEAN, "input_to", SERVICE),
]


def effects(edges: list[tuple[AssetUri, str, AssetUri]], root: AssetUri, change: Change | None) -> dict[AssetUri, str | None]:
    graph = Projected([[EdgeFact(source, relation, target, "facts", 0) for source, relation, target in edges]])
    asset = graph.store.assets_by_uri[str(root)].asset
    result = ImpactWalk(graph.snapshot, asset, change, Layer.ASSET, 1).result()
    found: dict[AssetUri, str | None] = {}
    for entry, (hurt, distance, effect) in enumerate(zip(result.assets, result.distances, result.effects, strict=True)):
        path = result.path(entry)
        assert (path[0], path[-1], len(path)) == (asset, hurt, distance + 1)
        found[AssetUri.parse(graph.snapshot.asset_index.uri(hurt))] = None if effect == NOTHING else Effect(effect).word
    return found


def test_schema_breaks_readers_and_spares_what_is_frozen() -> None:
    assert effects(COMPANY, CLEAN, "schema") == {TRAIN: "breaks_next_run", SERVICE: "breaks_now"}


def test_values_taint_everything_computed() -> None:
    found = effects(COMPANY, RAW, "values")
    assert set(found) == {CLEAN, TRAIN, VERSION, MODEL, DEPLOYMENT, SERVICE}
    assert set(found.values()) == {"tainted"}


def test_withdraw_breaks_readers_at_their_next_run_and_taints_the_rest() -> None:
    found = effects(COMPANY, CLEAN, "withdraw")
    assert {uri for uri, effect in found.items() if effect == "breaks_next_run"} == {TRAIN, SERVICE}
    assert found[VERSION] == found[DEPLOYMENT] == found[MODEL] == "tainted"


def test_retire_breaks_consumers_now_and_workflows_at_their_next_run() -> None:
    assert effects(COMPANY, CLEAN, "retire") == {TRAIN: "breaks_next_run", SERVICE: "breaks_now"}
    assert effects(COMPANY, VERSION, "retire") == {DEPLOYMENT: "breaks_now", SERVICE: "breaks_now"}


def test_a_frozen_model_is_not_affected_by_a_schema_change_of_its_version() -> None:
    assert MODEL not in effects(COMPANY, VERSION, "schema")
    assert None not in effects(COMPANY, VERSION, "schema").values()


def test_what_affects_a_parent_affects_its_parts() -> None:
    of_model, of_part = effects(COMPANY, MODEL, "withdraw"), effects(COMPANY, VERSION, "withdraw")
    assert of_model[DEPLOYMENT] == of_part[DEPLOYMENT] == "breaks_next_run"
    assert of_model[VERSION] == "tainted"
    assert effects(COMPANY, MODEL, "retire")[DEPLOYMENT] == "breaks_now"


def test_without_a_change_everything_reached_is_listed_with_no_effect() -> None:
    assert set(effects(COMPANY, CLEAN, None).values()) == {None}


def test_a_long_chain_costs_its_length_not_its_square() -> None:
    chain = [AssetUri("dataset", "n", f"{number:05}") for number in range(3000)]
    graph = Projected([[EdgeFact(a, "derives", b, "facts", 0) for a, b in pairwise(chain)]])
    walk = ImpactWalk(graph.snapshot, graph.store.assets_by_uri[str(chain[0])].asset, None, Layer.ASSET, 1)
    tracemalloc.start()
    try:
        result = walk.result()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(result.assets) == 2999
    assert len(result.path(2998)) == 3000
    assert peak < 3000 * 3000 * 8 / 4  # all paths together would contain 4.5 million references
