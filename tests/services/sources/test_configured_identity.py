"""The identity declarations of mlgraph.yaml and of the store are equal after each start."""

from __future__ import annotations

from collections.abc import Sequence

from mlgraph.domain.configuration import Configuration, DeclaredAlias, DeclaredDistinct
from mlgraph.domain.timestamps import FOREVER
from mlgraph.domain.uri import AssetUri
from mlgraph.ports.store import Appended, Item
from mlgraph.services.common.identity import Caller
from mlgraph.services.history.asserted_facts import asserted_intervals
from mlgraph.services.sources.configured_identity import sync_configured_identity
from tests.graph.memory import MemoryStore

A, B, C = (AssetUri("dataset", "s3://lake", name) for name in "abc")


class Store(MemoryStore):
    def take(self, items: Sequence[Item], caller: Caller) -> Appended:
        assert caller.source is None
        for item in items:
            self.append(item.facts)
        return Appended(self.tx, [True] * len(items))

    def start(self, *aliases: DeclaredAlias, apart: Sequence[tuple[AssetUri, ...]] = ()) -> int:
        """Synchronise a configuration; return the number of appended transactions."""
        before = self.tx
        sync_configured_identity(self, self.take, Configuration(aliases=aliases, apart=tuple(map(DeclaredDistinct, apart))))
        return self.tx - before

    def valid_aliases(self) -> set[tuple[str, str, str | None]]:
        uris = {row.asset: row.uri[-1] for row in self.assets_by_uri.values()}
        return {
            (uris[i.record.source], uris[i.record.target], i.properties.get("decision"))
            for i in asserted_intervals(self, self.alias_records())
            if i.end == FOREVER
        }


def test_a_declaration_is_valid_and_recorded_once() -> None:
    store = Store()
    assert store.start(DeclaredAlias(A, B), apart=[(A, C), (B, C)]) == 1
    assert store.start(DeclaredAlias(A, B), apart=[(A, C), (B, C)]) == 0
    assert store.valid_aliases() == {("a", "b", None), ("a", "c", "apart"), ("b", "c", "apart")}


def test_a_removed_declaration_ends_and_can_be_declared_again() -> None:
    store = Store()
    store.start(DeclaredAlias(A, B, 5))
    assert store.start() == 1
    assert store.valid_aliases() == set()
    assert store.start(DeclaredAlias(A, B, 5)) == 1
    assert store.valid_aliases() == {("a", "b", None)}
    assert store.start(DeclaredAlias(A, B, 5)) == 0
    assert store.start(DeclaredAlias(C, B)) == 1
    assert store.valid_aliases() == {("c", "b", None)}


def test_another_start_is_another_declaration() -> None:
    store = Store()
    store.start(DeclaredAlias(A, B, 5))
    assert store.start(DeclaredAlias(A, B, 9)) == 1
    assert store.valid_aliases() == {("a", "b", None)}
    assert store.start(DeclaredAlias(A, B, 9)) == 0


def test_a_declaration_with_an_end_in_the_past_is_unchanged() -> None:
    store = Store()
    store.start(DeclaredAlias(A, B, 5, 7))
    assert store.start() == 0
    assert store.start(DeclaredAlias(A, B, 5, 7)) == 0
