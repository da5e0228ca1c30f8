"""Which documents a change of the log may affect, and which assets serve production."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mlgraph.domain.vocabulary import KINDS, RELATIONS
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.ports.search_index import Every, IndexView
from mlgraph.ports.store import Changes, FactReader
from mlgraph.services.search.document_builder import NOT_INDEXED

_MOST_OWNED: Final = 20_000
"""Assets of one owner that are written again when its name changes; the others have the new name when they change."""
_SERVING: Final = ("service", "deployment")
_TESTING: Final = ("dev", "development", "test", "testing", "qa", "staging", "sandbox")
_MOST_SERVING: Final = 100_000
_OWNED_BY, _ALIAS_OF, _MEMBER_OF = (RELATIONS[name].code for name in ("owned_by", "alias_of", "member_of"))
_COLUMN, _PERSON, _TEAM = (KINDS[name].code for name in ("column", "person", "team"))


def affected_assets(reader: FactReader, graph: GraphVersion, changes: Changes) -> set[int]:
    """Return the assets whose documents may have changed."""
    index = graph.asset_index
    touched = {row.asset for row in changes.assets} | changes.asserted
    owners = {asset for asset in changes.asserted if index.kind(asset) in (_PERSON, _TEAM)}
    for source, relation, target in changes.edges:
        if relation == _OWNED_BY:
            touched.add(source)
        elif relation == _ALIAS_OF:
            touched.update(_names_of(graph, source, target))
        elif relation == _MEMBER_OF:
            owners.add(source)
    if owners:
        touched.update(reader.owned(owners, _MOST_OWNED))
        touched.update(edge.source for edge in reader.edges_into(owners, [_OWNED_BY]))
    columns = {asset for asset in touched if index.kind(asset) == _COLUMN}
    touched.update(index.dataset_of(column) for column in columns)
    if graph.aliases:  # a retraction ends the aliases of an asset too, whose names are then assets of their own
        touched.update([*_names_of(graph, *touched)])
    return {asset for asset in touched if asset and index.kind(asset) not in NOT_INDEXED}


def _names_of(graph: GraphVersion, *names: int) -> Iterator[int]:
    for name in names:
        yield name
        yield from graph.aliases.names_of(name)
        yield from graph.aliases.targets_of(name)


def serving_assets(graph: GraphVersion, view: IndexView | None) -> list[int]:
    """Return the current services and deployments, those of test environments aside; without a view all that the graph has."""
    if view is None:
        return [asset for kind in _SERVING for asset in graph.asset_index.of_kind(KINDS[kind].code)]
    selection = {"kind": _SERVING, "state": ("live",)}
    hits = view.hits(Every(), selection, _MOST_SERVING)
    testing = {hit.asset for hit in view.hits(Every(), {**selection, "environment": _TESTING}, _MOST_SERVING)}
    return [hit.asset for hit in hits if hit.asset not in testing]
