"""Appending a chunk of edges given as columns: the same rows as one by one (`mlgraph.stores.writing`), in whole arrays."""

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

    def __init__(self, cursor: psycopg.Cursor, numbering: Numbering, recent: Recent, edges: StatedEdges) -> None:
        """Read through `cursor` what is known of the ends of `edges`."""
        self._cursor = cursor
        self._numbering = numbering
        self._recent = recent
        self._edges = edges
        self._keys, self._ends = _ends(edges)
        self._numbers = numbering.find_assets(cursor, self._keys)
        """Of each distinct end, 0 where it has none yet."""

    def new(self) -> Bools:
        """Say of each edge whether it is not stored yet, and not stated before within the chunk."""
        digests = self._edges.columns.digest
        new = np.zeros(len(digests), bool)
        new[_distinct(digests)[0]] = True
        ends = self._numbers[self._ends]
        known = new & (ends > 0).all(axis=1)  # where an end was never heard of, nothing was said of it
        about_new = np.flatnonzero(known & (ends > self._recent.base).any(axis=1))
        asked = known & (ends <= self._recent.base).all(axis=1)
        asked[about_new[self._recent.may_hold(digests[about_new])]] = True
        new[self._stored(np.flatnonzero(asked))] = False
        return new

    def _stored(self, rows: Longs) -> Longs:
        """Return which of the edges at `rows` the store has."""
        if not rows.size:
            return rows
        rows = self._ordered(rows)  # in the order of the index: what is near another one is found on the same page
        of, ends = self._edges.columns, self._numbers[self._ends]
        digests = [key.tobytes() for key in of.digest[rows]]
        columns = ends[rows, 0].tolist(), _CODES[of.relation[rows]].tolist(), ends[rows, 1].tolist(), digests, rows.tolist()
        self._cursor.execute(
            "SELECT w.n FROM unnest(%s::int[], %s::smallint[], %s::int[], %s::bytea[], %s::int[]) AS w(s, r, t, d, n) "
            "JOIN edge_fact f ON f.source_id = w.s AND f.relation = w.r AND f.target_id = w.t AND f.digest = w.d",
            [array(column) for column in columns], prepare=True,
        )  # fmt: skip
        return np.array([number for (number,) in self._cursor.fetchall()], np.int64)

    def store(self, into: Rows, rows: Longs, tx: int) -> None:
        """Append the edges at `rows`, all of them new, as transaction `tx`, and the assets that they are the first to name."""
        edges, of = self._edges, self._edges.columns
        self._name_ends(into, rows, tx)
        used = np.unique(of.origin[rows]).tolist()
        given = self._numbering.origins(self._cursor, {edges.origins[place] for place in used})
        origins = np.array([given.get(name, 0) for name in edges.origins], np.int64)[of.origin]
        content = self._numbering.contents(self._cursor, into, {NOTHING})[NOTHING]
        ends, relations = self._numbers[self._ends], _CODES[of.relation]
        data = copying.edge_rows(edges, self._ordered(rows), copying.Given(ends, relations, origins, tx, content))
        into.add_encoded("edge_fact", copying.COLUMNS, data)
        self._recent.add(of.digest[rows])

    def _name_ends(self, into: Rows, rows: Longs, tx: int) -> None:
        """Give numbers to the ends of the edges at `rows` that have none yet."""
        of, ends = self._edges.columns, self._ends[rows]
        places = np.full((len(self._keys), 2), -1, np.int64)
        places[ends[:, 0]], places[ends[:, 1]] = of.source[rows], of.target[rows]
        fresh = np.flatnonzero((self._numbers == 0) & (places[:, 0] >= 0))
        if fresh.size:
            keys = [key.tobytes() for key in self._keys[fresh]]
            known: dict[bytes, int] = {}
            named = dict(zip(keys, map(self._edges.uri, places[fresh]), strict=True))
            self._numbering.create_assets(self._cursor, into, named, known, tx)
            self._numbers[fresh] = [known[key] for key in keys]

    def _ordered(self, rows: Longs) -> Longs:
        """Return `rows` in the order of the index that facts of one edge stand together in."""
        ends, relations = self._numbers[self._ends[rows]], _CODES[self._edges.columns.relation[rows]]
        return rows[np.lexsort((ends[:, 1], relations, ends[:, 0]))]


def _ends(edges: StatedEdges) -> tuple[Words, Longs]:
    """Return the distinct digests of the URIs at the ends of edges, and for each edge the places of its two ends among them."""
    of = edges.columns
    keys = np.concatenate([of.source_key, of.target_key])
    first, places = _distinct(keys)
    return keys[first], np.ascontiguousarray(places.reshape(2, -1).T)


def _distinct(keys: Words) -> tuple[Longs, Longs]:
    """Return where each distinct digest stands first, and for each one its place among these."""
    order = np.lexsort((keys[:, 1], keys[:, 0]))
    ordered = keys[order]
    begins = np.ones(len(keys), bool)
    begins[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    places = np.empty(len(keys), np.int64)
    places[order] = np.cumsum(begins) - 1
    return order[begins], places
