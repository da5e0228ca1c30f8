"""Numbers for the columns of inputs that column lineage means by other names (docs/spec.md#4-pairs).

A run may list the input `shop.public.players` and report lineage of a column of `public.players`. The graph then leads from the
column of the input, so that column is an asset, although no fact names it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Final, LiteralString

import psycopg

from mlgraph.domain.fact_row import EdgeFactRow
from mlgraph.domain.facts import Mode
from mlgraph.domain.naming.name_matching import NameMatcher
from mlgraph.domain.uri import AssetUri, column_uri, dataset_of_column, field_of_column
from mlgraph.domain.vocabulary import RELATIONS

_MOST: Final = 1 << 17
_OWNERS: Final = ("mlg://run/", "mlg://workflow/")
_INPUT_TO: Final = RELATIONS["input_to"].code
_COLUMNS: Final[LiteralString] = (
    "SELECT DISTINCT b.uri, s.uri FROM edge_fact f JOIN asset b ON b.id = f.by_id JOIN asset s ON s.id = f.source_id "
    "WHERE f.by_id = ANY(%s)"
)
_INPUTS: Final[LiteralString] = (
    "SELECT DISTINCT t.uri, s.uri FROM edge_fact f JOIN asset t ON t.id = f.target_id JOIN asset s ON s.id = f.source_id "
    "WHERE f.target_id = ANY(%s) AND f.relation = %s AND f.mode <> %s"
)


class MeantColumns:
    """Finds the columns that appended facts mean. It knows of most runs without a query that they have no column lineage."""

    def __init__(self) -> None:
        """Start without knowledge of any run."""
        self._without_columns: set[str] = set()

    def invalidate(self) -> None:
        """Forget what is known: another writer appended, or an append failed."""
        self._without_columns.clear()

    def of(self, cursor: psycopg.Cursor, edges: Iterable[EdgeFactRow], ids: Mapping[str, int]) -> set[str]:
        """Return the URIs of the columns; `ids` has the numbers of the assets that are stored already."""
        columns: dict[str, set[str]] = defaultdict(set)
        inputs: dict[str, set[str]] = defaultdict(set)
        for edge in edges:
            if edge.by is not None:
                columns[edge.by].add(edge.source)
            elif edge.relation == "input_to" and edge.mode != Mode.RETRACT and edge.target.startswith(_OWNERS):
                inputs[edge.target].add(edge.source)
        self._add_stored(cursor, columns, inputs, ids)
        return {uri for owner, sources in columns.items() for uri in _meant(sources, inputs.get(owner, ()))}

    def _add_stored(
        self, cursor: psycopg.Cursor, columns: dict[str, set[str]], inputs: dict[str, set[str]], ids: Mapping[str, int]
    ) -> None:
        """Add the stored column lineage of owners with new inputs, and the stored inputs of owners with column lineage."""
        fresh = [owner for owner in inputs if owner not in ids and owner not in columns]
        unknown = [owner for owner in inputs if owner in ids and owner not in self._without_columns]
        if len(self._without_columns) > _MOST:
            self._without_columns.clear()
        if unknown:
            for owner, source in _read(cursor, _COLUMNS, [ids[owner] for owner in unknown]):
                columns[owner].add(source)
        self._without_columns.update(owner for owner in (*fresh, *unknown) if owner not in columns)
        self._without_columns.difference_update(columns)
        incomplete = [owner for owner, sources in columns.items() if owner in ids and _unlisted(sources, inputs.get(owner, ()))]
        if incomplete:
            for owner, source in _read(cursor, _INPUTS, [ids[owner] for owner in incomplete], _INPUT_TO, int(Mode.RETRACT)):
                inputs[owner].add(source)


def _read(cursor: psycopg.Cursor, query: LiteralString, *parameters: object) -> list[tuple[str, str]]:
    cursor.execute(query, parameters, prepare=True)
    return cursor.fetchall()


def _unlisted(sources: Iterable[str], inputs: Collection[str]) -> set[AssetUri]:
    """Return the columns among `sources` whose datasets are not among `inputs`."""
    columns = {AssetUri.parse(source) for source in sources}
    return {column for column in columns if (dataset := dataset_of_column(column)) is not None and str(dataset) not in inputs}


def _meant(sources: Iterable[str], inputs: Collection[str]) -> Iterable[str]:
    unlisted = _unlisted(sources, inputs)
    if not unlisted or not inputs:
        return
    names = NameMatcher(map(AssetUri.parse, inputs))
    for column in unlisted:
        dataset = dataset_of_column(column)
        meant = None if dataset is None else names.match(dataset)
        if meant is not None:
            yield str(column_uri(meant, field_of_column(column)))
