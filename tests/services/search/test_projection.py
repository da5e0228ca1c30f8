"""The search projection: what the index has is a function of the facts, whatever their order and the batches."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlgraph.domain.errors import Unavailable
from mlgraph.domain.options.search_options import SearchOptions
from mlgraph.ports.search_index import Every
from mlgraph.services.search.projection import SearchProjection
from mlgraph.services.search.search_queries import SearchQueries
from mlgraph.stores.search_index.search_files import SearchFiles
from tests.services.parts import Json, Serving, Store, schema_url

A, B, MODEL, TEAM = (
    "mlg://dataset/s3%3A%2F%2Flake/a",
    "mlg://dataset/s3%3A%2F%2Flake/b",
    "mlg://model/m/ranker",
    "mlg://team/org/data",
)
PERSON = "mlg://person/org/u-1"
KINDS = ("dataset", "model", "feature", "workflow", "service", "deployment")
WORDS = ["rating", "movie", "customer", "churn", "daily", "weekly", "title", "score", "payment", "click"]


class Searching:
    """The search services over a store, in this process."""

    def __init__(self, store: Store, directory: Path, *, writes: bool = True) -> None:
        self.serving = Serving(store)
        self.files = SearchFiles(directory, writes=writes)
        self.projection = SearchProjection(store.reader, self.serving.follower, self.files, writes=writes)
        self.queries = SearchQueries(self.projection)

    def follow(self) -> None:
        """Apply all transactions to the graph and the index, priors included."""
        self.serving.follow()
        while self.projection.step():
            pass
        self.projection.refresh_priors_at(0.0)
        while self.projection.step():
            pass

    def contents(self) -> dict[str, Json]:
        """Everything that the index has, by URI, without the numbers of the store."""
        view = self.projection.view()
        hits = view.hits(Every(), {}, 10_000)
        bodies = view.bodies(hits)
        assert len({body["uri"] for body in bodies}) == len(bodies)
        return {body["uri"]: {k: v for k, v in body.items() if k not in ("asset", "successor_asset")} for body in bodies}

    def found(self, q: str, **options: Any) -> list[str]:
        return [hit["uri"] for hit in self.queries.search(q, SearchOptions(**options))["hits"]]

    def close(self) -> None:
        self.projection.stop()


@pytest.fixture
def searching(store: Store, tmp_path: Path) -> Iterator[Searching]:
    opened = Searching(store, tmp_path / "index")
    yield opened
    opened.close()


def asset(uri: str, at: int = 1, **state: Any) -> Json:
    return {"asset": {"uri": uri, "valid_from": f"2026-01-01T00:00:{at:02}Z", **state}}


def edge(source: str, relation: str, target: str, at: int = 1) -> Json:
    return {"edge": {"source": source, "relation": relation, "target": target, "valid_from": f"2026-01-01T00:00:{at:02}Z"}}


def state_of(rng: random.Random, uris: list[str], uri: str) -> Json:
    state: Json = {"description": " ".join(rng.choices(WORDS, k=6)), "tags": rng.sample(WORDS, 2)}
    if rng.random() < 0.5:
        state["owners"] = [rng.choice((TEAM, PERSON))]
    if uri.startswith("mlg://dataset/"):
        state["properties"] = {"schema": [{"name": word} for word in rng.sample(WORDS, 3)], "environment": "prod"}
    if rng.random() < 0.2:
        state["properties"] = {"deprecated": True, "successor": rng.choice(uris)}
    return state


def history(seed: int) -> list[Json]:
    """Facts at distinct times: states with names, owners, columns and tags, retractions, aliases, edges, states of owners."""
    rng = random.Random(seed)
    uris = [f"mlg://{kind}/ns/{rng.choice(WORDS)}_{rng.choice(WORDS)}_{number}" for number, kind in enumerate(KINDS * 2)]
    datasets = [uri for uri in uris if uri.startswith("mlg://dataset/")]
    column = datasets[0].replace("mlg://dataset/", "mlg://column/") + "%23extra"
    found: list[Json] = []
    for at in range(1, 40):
        uri, name = rng.choice(uris), f"mlg://dataset/ns/alias_{at}"
        actions: list[list[Json]] = [
            *[[asset(uri, at, origin=rng.choice(("facts", "other")), **state_of(rng, uris, uri))]] * 5,
            [{"retract": {"uri": uri, "valid_to": f"2026-01-01T00:00:{at:02}Z", "origin": "*"}}],
            [edge(uri, "owned_by", TEAM, at)],
            [asset(TEAM, at, name=f"{rng.choice(WORDS)} people")],
            [edge(rng.choice(datasets), "derives", rng.choice(datasets), at)],
            [asset(name, at, description="an old name"), edge(name, "alias_of", rng.choice(datasets), at)],
            [asset(column, at, description=" ".join(rng.choices(WORDS, k=2)))],
        ]
        found += rng.choice(actions)
    return found


@pytest.mark.parametrize("seed", range(3))
def test_the_index_is_a_function_of_the_facts(postgres_url: str, tmp_path: Path, seed: int) -> None:
    facts, rng, contents = history(seed), random.Random(seed), []
    for number, batches in enumerate((1, 7, 40)):
        store = Store(schema_url(postgres_url))
        searching = Searching(store, tmp_path / str(number))
        searching.follow()
        order = facts if number == 0 else rng.sample(facts, len(facts))
        for batch in range(batches):
            store.append(*order[batch::batches])
            searching.follow()
        contents.append(searching.contents())
        searching.close()
        rebuilt = Searching(store, tmp_path / f"{number} rebuilt")
        rebuilt.follow()
        assert rebuilt.contents() == contents[-1]
        rebuilt.close()
        store.close()
    assert contents[0] == contents[1] == contents[2]
    assert len(contents[0]) > 5


def test_an_index_goes_on_where_it_stopped(searching: Searching, store: Store, tmp_path: Path) -> None:
    searching.follow()
    store.append(asset(A, description="movie ratings"))
    searching.follow()
    searching.close()
    store.append(asset(B, description="movie titles"))
    again = Searching(store, tmp_path / "index")
    again.serving.follow()
    again.projection.step()
    assert again.projection.watermark == 1  # opened, not built
    again.follow()
    assert set(again.found("movie")) == {A, B}
    again.close()


def test_an_index_of_another_store_is_built_again(searching: Searching, store: Store, postgres_url: str, tmp_path: Path) -> None:
    store.append(asset(A, description="movie ratings"))
    searching.follow()
    searching.close()
    other = Store(schema_url(postgres_url))
    other.append(asset(B, description="movie titles"))
    again = Searching(other, tmp_path / "index")
    again.follow()
    assert again.found("movie") == [B]
    again.close()
    other.close()


def test_another_process_reads_what_the_first_commits(searching: Searching, store: Store, tmp_path: Path) -> None:
    store.append(asset(A, description="movie ratings"))
    reading = Searching(store, tmp_path / "index", writes=False)
    reading.serving.follow()
    with pytest.raises(Unavailable, match="building"):
        reading.projection.step()
    searching.follow()
    reading.follow()
    assert reading.found("film") == reading.found("movie") == [A]
    store.append(asset(B, description="movie titles"))
    searching.follow()
    reading.follow()
    assert set(reading.found("movie")) == {A, B}
    reading.close()


def test_a_name_of_an_owner_that_changes_is_found(searching: Searching, store: Store) -> None:
    store.append(asset(A, owners=[TEAM]), asset(MODEL), edge(MODEL, "owned_by", TEAM), asset(TEAM, name="Zebras"))
    searching.follow()
    assert set(searching.found("zebras")) == {A, MODEL, TEAM}
    store.append(asset(TEAM, 2, name="Gnus"))
    searching.follow()
    assert (searching.found("zebras"), set(searching.found("gnus"))) == ([], {A, MODEL, TEAM})


def test_the_team_of_a_version_is_that_of_its_model(searching: Searching, store: Store) -> None:
    version, member = "mlg://model_version/m/ranker%2F1", edge(PERSON, "member_of", TEAM)
    store.append(asset(version, description="ranks titles"), asset(MODEL), edge(version, "version_of", MODEL), asset(PERSON))
    searching.follow()
    assert searching.found("ranks titles", team=(TEAM,)) == []
    store.append(asset(MODEL, 2, owners=[PERSON]))  # who is not of any team yet
    searching.follow()
    assert searching.found("ranks titles", team=(TEAM,)) == []
    store.append(member)
    searching.follow()
    assert set(searching.found("ranks titles", team=(TEAM,))) == {version, MODEL}


def test_what_serves_production_is_before_its_twin(searching: Searching, store: Store) -> None:
    names = [f"mlg://model/registry-{letter}/ranker" for letter in "abc"]
    version, deployment = "mlg://model_version/registry-b/ranker%2F1", "mlg://deployment/k8s/d"
    store.append(*(asset(uri, description="ranks titles") for uri in names))
    searching.follow()
    assert searching.found("ranks titles", kind=("model",)) == names
    store.append(
        edge(version, "version_of", names[1]),
        edge(version, "deployed_as", deployment),
        edge(deployment, "serves", "mlg://service/k8s/s"),
    )
    searching.follow()
    assert searching.found("ranks titles", kind=("model",))[0] == names[1]
    assert searching.found("ranker", kind=("model",))[0] == names[1]
