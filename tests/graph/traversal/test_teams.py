"""The team of an asset is that of a naive model, for any order and split of facts, with retractions or with aliases."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mlgraph.domain.facts import AssetFact, AssetRetraction, EdgeFact, EdgeRetraction, Fact, Mode
from mlgraph.domain.timestamps import FOREVER
from mlgraph.domain.uri import AssetUri, column_uri, dataset_of_column
from mlgraph.graph.csr.compact import compact, freeze
from mlgraph.graph.csr.snapshot import GraphVersion, MutableGraph
from mlgraph.graph.model.claims import Alias
from mlgraph.graph.traversal.teams import Teams
from mlgraph.services.projection.projector import Projector
from tests.graph.projected import IN_PASSING, Projected
from tests.model import histories
from tests.model.naive import NaiveGraph
from tests.model.names import resolve_all
from tests.model.records import Assets
from tests.plugins.amounts import amounts

TIMES = histories.TIMES
NOW = TIMES[-1] + 1_000_000
TEAMS = tuple(AssetUri("team", "acme", name) for name in ("ads", "core", "data"))
PEOPLE = tuple(AssetUri("person", "acme", name) for name in ("u1", "u2", "u3"))
MODELS = tuple(AssetUri("model", "mlflow", name) for name in ("ranker", "scorer"))
VERSIONS = tuple(AssetUri("model_version", "mlflow", f"ranker/{number}") for number in (1, 2))
DATASETS = tuple(AssetUri("dataset", "lake", name) for name in ("a", "b"))
COLUMNS = tuple(column_uri(dataset, field) for dataset in DATASETS for field in ("x", "y"))
WORKFLOWS = tuple(AssetUri("workflow", "jobs", name) for name in ("load", "train"))
RUNS = tuple(AssetUri("run", "jobs", f"r{number}") for number in (1, 2, 3))
SERVICES = tuple(AssetUri("service", "prod", name) for name in ("ranking", "search"))
DEPLOYMENTS = tuple(AssetUri("deployment", "prod", name) for name in ("blue", "green"))
OWNABLE = (*MODELS, *VERSIONS, *DATASETS, *COLUMNS, *WORKFLOWS, *RUNS, *SERVICES, *DEPLOYMENTS)
GROUPS = (TEAMS, PEOPLE, MODELS, VERSIONS, DATASETS, WORKFLOWS, RUNS, SERVICES, DEPLOYMENTS)
EVERY = (*TEAMS, *PEOPLE, *OWNABLE)
ORIGINS = ("facts", "openlineage")
Resolve = Callable[[AssetUri], AssetUri]
deterministic = settings(derandomize=True, deadline=None, max_examples=250)
seeds = st.integers(0, 2**32 - 1)


def some_edge(rng: random.Random) -> tuple[AssetUri, str, AssetUri]:
    return rng.choice(
        (
            (rng.choice(OWNABLE), "owned_by", rng.choice((*TEAMS, *PEOPLE))),
            (rng.choice(PEOPLE), "member_of", rng.choice(TEAMS)),
            (rng.choice(PEOPLE), "member_of", rng.choice(TEAMS)),
            (rng.choice(TEAMS), "member_of", rng.choice(TEAMS)),
            (rng.choice(VERSIONS), "version_of", rng.choice(MODELS)),
            (rng.choice(RUNS), "run_of", rng.choice(WORKFLOWS)),
            (rng.choice(DEPLOYMENTS), "serves", rng.choice(SERVICES)),
        )
    )


def history(rng: random.Random, *, retractions: bool) -> list[Fact]:
    """Return facts about owners, members and what assets belong to; all assets are mentioned."""
    facts: list[Fact] = [AssetFact(uri, "facts", TIMES[0], {}, Mode.PATCH) for uri in EVERY if rng.random() < 0.9]
    for _ in range(rng.randint(4, 30)):
        origin, moment = rng.choice(ORIGINS), rng.choice(TIMES)
        if rng.random() < 0.3:
            owners = sorted({str(owner) for owner in rng.choices((*TEAMS, *PEOPLE), k=rng.randint(0, 2))})
            mode = rng.choice((Mode.PATCH, Mode.REPLACE))
            facts.append(AssetFact(rng.choice(OWNABLE), origin, moment, {"owners": owners}, mode))
            continue
        end = rng.choice((None, None, None, moment + rng.randint(1, 9) * 100_000))
        facts.append(EdgeFact(*some_edge(rng), origin, moment, end))
        if retractions and rng.random() < 0.3:
            edge = some_edge(rng)
            facts.append(EdgeRetraction(*edge, rng.choice((*ORIGINS, "*")), rng.choice(TIMES)))
        if retractions and rng.random() < 0.3:
            facts.append(AssetRetraction(rng.choice(EVERY), rng.choice((*ORIGINS, "*")), rng.choice(TIMES)))
    return facts


class NaiveTeams:
    """Finds teams by scans of all facts. `at`: the asset that a name denotes; the facts then have no retractions."""

    def __init__(self, facts: list[Fact], at: Resolve = lambda uri: uri) -> None:
        self.at = at
        graph = NaiveGraph(facts)
        edges = {record.triple for record in graph.valid("asset", NOW)}
        runs = {(run, "run_of", workflow) for run in RUNS if (workflow := graph.runs.workflow_of(run))}
        self.edges = {
            (at(source), relation, at(target))
            for source, relation, target in edges | runs
            if relation != "run_of" or (source, relation, target) in runs
        }
        stated = [fact for fact in facts if isinstance(fact, AssetFact | AssetRetraction)]
        self.assets = Assets([fact._replace(uri=at(fact.uri)) for fact in stated])

    def targets(self, uri: AssetUri, relation: str) -> set[AssetUri]:
        return {target for source, other, target in self.edges if (source, other) == (uri, relation) and source != target}

    def own(self, uri: AssetUri) -> str | None:
        state = self.assets.state(uri, NOW)[0] or {}
        owners = {self.at(AssetUri.parse(owner)) for owner in state.get("owners", ())} | self.targets(uri, "owned_by")
        teams = {str(owner) for owner in owners if owner.kind == "team"}
        of_people = {str(team) for owner in owners if owner.kind == "person" for team in self.targets(owner, "member_of")}
        return min(teams or of_people, default=None)

    def team(self, uri: AssetUri) -> str | None:
        asset = self.at(uri)
        relation = {"model_version": "version_of", "run": "run_of", "deployment": "serves"}.get(asset.kind)
        parents = self.targets(asset, relation) if relation else set()
        dataset = dataset_of_column(asset) if asset.kind == "column" else None
        parents |= {self.at(dataset)} if dataset else set()
        return self.own(asset) or min((team for parent in parents if (team := self.own(parent))), default=None)


def found_teams(graph: GraphVersion, uris: Sequence[AssetUri]) -> dict[AssetUri, str | None]:
    index = graph.asset_index
    known = {uri: number for uri in uris if (number := index.number(str(uri))) is not None}
    teams = Teams(graph, NOW)
    found = teams.of(np.array([*known.values()], np.int32))
    one_by_one = {uri: teams.team_of(number) for uri, number in known.items()}
    together = {uri: found.uri(place) for place, uri in enumerate(known)}
    assert together == one_by_one
    assert list(found.uris) == sorted(found.uris)
    return together


def versions_of(facts: list[Fact], rng: random.Random) -> Iterator[tuple[str, GraphVersion]]:
    """Yield the graph that results from following the facts in another order, from a compaction and from the store."""
    batches = histories.split(histories.shuffled(histories.repeated(facts, rng), rng), rng)
    followed = Projected(batches, from_feed=lambda: rng.random() < 0.5)
    yield "followed", followed.snapshot
    compacted = MutableGraph(compact(freeze(followed.graph)))
    Projector(followed.store, compacted, IN_PASSING)  # reads the aliases, which no base has
    yield "compacted", compacted.snapshot
    half_compacted = Projected(batches, compact_at=5)
    yield "half compacted", half_compacted.snapshot
    followed.rebuild()
    yield "rebuilt", followed.snapshot


@amounts(50, 250)
@deterministic
@given(seeds)
def test_teams_are_those_of_the_naive_model(seed: int) -> None:
    rng = random.Random(seed)
    facts = history(rng, retractions=True)
    naive = NaiveTeams(facts)
    for description, graph in versions_of(facts, rng):
        found = found_teams(graph, EVERY)
        assert found == {uri: naive.team(uri) for uri in found}, description


@amounts(50, 250)
@deterministic
@given(seeds)
def test_teams_are_those_of_the_assets_that_names_denote(seed: int) -> None:
    rng = random.Random(seed)
    facts = history(rng, retractions=False)
    aliases = [rng.sample(rng.choice(GROUPS), 2) for _ in range(rng.randint(1, 3))]
    numbers = {uri: number for number, uri in enumerate(EVERY)}
    stated = [Alias(numbers[name], numbers[of], TIMES[2], FOREVER, 1) for name, of in aliases]
    # the columns of merged datasets are merged too
    columns: list[Fact] = [AssetFact(uri, "facts", TIMES[0], {}, Mode.PATCH) for uri in COLUMNS]
    for name, of in aliases:
        if name.kind == "dataset":
            pairs = [(column_uri(name, field), column_uri(of, field)) for field in "xy"]
            stated += [Alias(numbers[one], numbers[other], TIMES[2], FOREVER, 1) for one, other in pairs]
    resolved = resolve_all(stated, range(len(EVERY)), lambda number: str(EVERY[number]), NOW)
    naive = NaiveTeams(facts, lambda uri: EVERY[resolved[numbers[uri]][0]])
    named: list[Fact] = [EdgeFact(name, "alias_of", of, "facts", TIMES[2]) for name, of in aliases]
    for description, graph in versions_of([*columns, *facts, *named], rng):
        found = found_teams(graph, EVERY)
        assert found == {uri: naive.team(uri) for uri in found}, description


def test_the_histories_compared_are_not_trivial() -> None:
    """Among the teams found are owning teams, those of owning persons, and inherited ones of every kind."""
    seen: Counter[str] = Counter()
    for seed in range(150):
        naive = NaiveTeams(history(random.Random(seed), retractions=True))
        for uri in EVERY:
            own, team = naive.own(uri), naive.team(uri)
            owning_teams = any(target.kind == "team" for target in naive.targets(uri, "owned_by"))
            seen["by a team" if own and owning_teams else "by a person" if own else f"of {uri.kind}" if team else "nobody"] += 1
    kinds = ("by a team", "by a person", "of model_version", "of column", "of run", "of deployment", "nobody")
    assert min(seen[kind] for kind in kinds) > 20, seen
