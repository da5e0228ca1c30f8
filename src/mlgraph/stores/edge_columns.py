"""Appending a chunk of edges that is given as columns: the same rows as one by one (`mlgraph.stores.writing`), in whole arrays."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import psycopg

from mlgraph.bulk import copying
from mlgraph.domain.stated import NOTHING
from mlgraph.domain.vocabulary import RELATIONS
from mlgraph.ports.edges import RELATION_ROWS, StatedEdges
from mlgraph.stores.number_table import Words
from mlgraph.stores.numbering import Numbering
from mlgraph.stores.recent import Recent
from mlgraph.stores.rows import Rows, array

_CODES: Final = np.array([RELATIONS[name].code for name in RELATION_ROWS], np.int64)

Longs = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class EdgeAppend:
    """One append of edges. Used under the append lock, within its transaction."""

    def __init__(self, cursor: psycopg.Cursor, numbering: Numbering, recent: Recent) -> None:
        """Read through `cursor`."""
        self._cursor = cursor
        self._numbering = numbering
        self._recent = recent

    def new(self, edges: StatedEdges) -> Bools:
        """Say of each edge whether it is not stored yet, and not stated before within the chunk."""
        new = np.zeros(len(edges), bool)
        first, _ = _distinct(edges.columns.digest)
        new[first] = True
        keys, ends = _ends(edges)
        numbers = self._numbering.find_assets(self._cursor, keys)[ends]
        known = new & (numbers > 0).all(axis=1)  # where an end was never heard of, nothing was said of it
        if known.any():
            about_new = known & (numbers > self._recent.base).any(axis=1)
            asked = known & ~about_new
            rows = np.flatnonzero(about_new)
            asked[rows[self._recent.may_hold(edges.columns.digest[rows])]] = True
            new[self._stored(edges, np.flatnonzero(asked), numbers)] = False
        return new

    def _stored(self, edges: StatedEdges, rows: Longs, numbers: Longs) -> Longs:
        """Return which of the edges at `rows` the store has."""
        if not rows.size:
            return rows
        of = edges.columns
        relations = _CODES[of.relation]
        # In the order of the index: what is near another one is found on the same page.
        rows = rows[np.lexsort((numbers[rows, 1], relations[rows], numbers[rows, 0]))]
        digests = [key.tobytes() for key in of.digest[rows]]
        columns = numbers[rows, 0].tolist(), relations[rows].tolist(), numbers[rows, 1].tolist(), digests, rows.tolist()
        self._cursor.execute(
            "SELECT w.n FROM unnest(%s::int[], %s::smallint[], %s::int[], %s::bytea[], %s::int[]) AS w(s, r, t, d, n) "
            "JOIN edge_fact f ON f.source_id = w.s AND f.relation = w.r AND f.target_id = w.t AND f.digest = w.d",
            [array(column) for column in columns], prepare=True,
        )  # fmt: skip
        return np.array([number for (number,) in self._cursor.fetchall()], np.int64)

    def store(self, rows: Rows, edges: StatedEdges, tx: int) -> None:
        """Append edges, all of them new, as transaction `tx`, and the assets that they are the first to name."""
        numbering, of = self._numbering, edges.columns
        keys, ends = _ends(edges)
        numbers = numbering.find_assets(self._cursor, keys)
        fresh = np.flatnonzero(numbers == 0)
        if fresh.size:
            places = np.full((len(keys), 2), -1, np.int64)
            places[ends[:, 0]], places[ends[:, 1]] = of.source, of.target
            created: dict[bytes, int] = {}
            numbering.create_assets(self._cursor, rows, map(edges.uri, places[fresh]), created, tx)
            numbers[fresh] = [created[key.tobytes()] for key in keys[fresh]]
        used = np.unique(of.origin).tolist()
        given = numbering.origins(self._cursor, {edges.origins[place] for place in used})
        origins = np.array([given.get(name, 0) for name in edges.origins], np.int64)[of.origin]
        content = numbering.contents(self._cursor, rows, {NOTHING})[NOTHING]
        relations, ids = _CODES[of.relation], numbers[ends]
        order = np.lexsort((ids[:, 1], relations, ids[:, 0])).astype(np.int64)
        rows.add_encoded("edge_fact", copying.COLUMNS, copying.edge_rows(edges, order, ids, relations, origins, tx, content))
        self._recent.add(of.digest)


def _ends(edges: StatedEdges) -> tuple[Words, Longs]:
    """Return the distinct digests of the URIs at the ends of edges, and for each edge the places of its two ends among them."""
    of = edges.columns
    keys = np.concatenate([of.source_key, of.target_key])
    first, places = _distinct(keys)
    return keys[first], places.reshape(2, -1).T


def _distinct(keys: Words) -> tuple[Longs, Longs]:
    """Return where each distinct digest stands first, and for each one its place among these."""
    order = np.lexsort((keys[:, 1], keys[:, 0]))
    ordered = keys[order]
    begins = np.ones(len(keys), bool)
    begins[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    places = np.empty(len(keys), np.int64)
    places[order] = np.cumsum(begins) - 1
    return order[begins], places
