"""Assembly of a base: rows and display attributes are collected under provisional node numbers, then sorted into CSR arrays.

Nodes are numbered in order of namespace and name, ports after their asset: assets of one namespace, which traversals visit
together, are close in memory.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any, Final, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from mlgraph.domain.uri import AssetUri
from mlgraph.graph.csr.asset_index import DELETED, FINISHED, DisplayAttributes
from mlgraph.graph.csr.base import Base, BaseTable
from mlgraph.graph.csr.chunked_rows import ChunkedRows
from mlgraph.graph.csr.row_format import FLAG_SHIFT, TO_MASK
from mlgraph.graph.csr.text.name_orders import order_by_end, order_by_text
from mlgraph.graph.csr.text.string_index import (
    Strings,
    StringsBuilder,
    bytewise_order,
    contain_byte,
    equal_texts,
    hash_table,
    last_segments,
    namespace_starts,
    table_size,
)
from mlgraph.graph.csr.text.text_arena import Pieces, concatenated, escaped
from mlgraph.graph.model.rows import AT_ASSET, AT_RUN, Bytes, Ints, Longs

Allocate = Callable[[tuple[int, ...], Any], NDArray[Any]]
"""Returns a zeroed array of a shape and type, in memory or in a mapped file."""

_PENDING: Final = 1 << 17
"""Integers (six a row) that `Arcs.add` buffers before they are moved to pages."""
_NODES: Final = 1 << 16
"""Nodes whose upstream rows are placed at once."""


class Arcs:
    """A collection of rows as int64[k, 4]: word with target, start, end, and source with owner (upper 32 bits)."""

    def __init__(self) -> None:
        self._pages = ChunkedRows()
        self._pending = array("q")

    def add(self, rows: Iterable[tuple[int, int, int, int, int, int]]) -> None:
        """Add rows: source, target, word, start, end, and the run or workflow that the row is computed from (0: none)."""
        self._pending.extend(chain.from_iterable(rows))
        if len(self._pending) >= _PENDING:
            self._flush()

    def extend(self, sources: Ints, targets: Ints, rows: Longs, owners: Ints) -> None:
        """Add `rows` int64[k, 3] (word, start, end); `targets` replace the low 32 bits of their words."""
        owned = owners.astype(np.int64) << 32 | sources
        self._pages.extend((rows[:, 0] & ~TO_MASK) | targets, rows[:, 1], rows[:, 2], owned)

    def _flush(self) -> None:
        if self._pending:
            table = np.frombuffer(self._pending, np.int64).reshape(-1, 6)
            self._pending = array("q")
            self.extend(table[:, 0].astype(np.int32), table[:, 1].astype(np.int32), table[:, 2:5], table[:, 5].astype(np.int32))

    def take(self) -> list[Longs]:
        """Return all rows, page by page, and remove them here: there is memory for one copy only."""
        self._flush()
        return self._pages.take()


class DisplayAttributeArrays:
    """Display attributes of all assets as arrays: those of a base with later changes."""

    def __init__(self, assets: int, base: Base | None = None) -> None:
        """Start with the display attributes of `base`, extended to `assets` assets."""
        self._base = Base.empty() if base is None else base
        known = min(assets, self._base.assets)
        # Concatenated texts and arrays of numbers: as objects, those of ten million assets would take gigabytes.
        self._named, self._name_ends, self._name_data = array("i"), array("q"), bytearray()
        self._owned, self._owned_by = array("i"), array("i")
        self._words = {word: number for number, word in enumerate(self._base.words.many(range(len(self._base.words))))}
        self._people = {uri: number for number, uri in enumerate(self._base.people.many(range(len(self._base.people))))}
        self.state = np.concatenate([self._base.state[:known], np.zeros(assets - known, np.int16)])
        self.finished = np.concatenate([self._base.finished[:known], np.zeros(assets - known, np.uint8)])
        self._changed = np.zeros(assets, np.bool_)
        self._changed[known:] = True

    def set(self, asset: int, attributes: DisplayAttributes) -> None:
        """Set the display attributes of an asset. To be called at most once for each asset."""
        self._changed[asset] = True
        if attributes.name:
            self._named.append(asset)
            self._name_data += escaped(attributes.name)
            self._name_ends.append(len(self._name_data))
        self.finished[asset] = FINISHED * attributes.finished | DELETED * attributes.deleted
        # Sources choose their state words freely; words beyond the range of int16 share the last number.
        word = self._words.setdefault(attributes.state or "", min(len(self._words), 2**15 - 1))
        self.state[asset] = word
        for owner in attributes.owners:
            self._owned.append(asset)
            self._owned_by.append(self._people.setdefault(owner, len(self._people)))

    def finish(self, uris: Strings) -> dict[str, Any]:
        """Return the fields of `Base` that contain display attributes."""
        index, owners = self._owners()
        return {
            "names": self._all_names(uris),
            "state": self.state,
            "words": _strings(list(self._words)[: 2**15]),
            "finished": self.finished,
            "owner_index": index,
            "owners": owners,
            "people": _strings(self._people),
        }

    def _owners(self) -> tuple[Longs, Ints]:
        known = min(len(self.state), self._base.assets)
        counts = np.diff(self._base.owner_index[: known + 1])
        of = np.repeat(np.arange(known), counts)
        unchanged = ~self._changed[of]
        of = np.concatenate([of[unchanged], np.array(self._owned, np.int32)])
        people = np.concatenate([self._base.owners[: len(unchanged)][unchanged], np.array(self._owned_by, np.int32)])
        by_asset = np.argsort(of, kind="stable")
        index = np.concatenate([[0], np.cumsum(np.bincount(of, minlength=len(self.state)))]).astype(np.int64)
        return index, people[by_asset].astype(np.int32)

    def _all_names(self, uris: Strings) -> Strings:
        """Return the names as JSON text: unchanged ones of the base, new ones, and decoded names of URIs with escapes.

        A name that equals the last segment of the URI is stored as the empty text.
        """
        starts, ends = last_segments(uris.offsets[:-1], uris.offsets[1:], uris.data)
        known, base = min(len(self.state), self._base.assets), self._base.names
        begins, stops = np.zeros(len(self.state), np.int64), np.zeros(len(self.state), np.int64)
        begins[:known], stops[:known] = base.offsets[:known], base.offsets[1 : known + 1]
        begins[self._changed] = stops[self._changed] = 0
        named, new_ends = np.array(self._named, np.int32), np.array(self._name_ends, np.int64)
        new_starts, new_names = np.concatenate([[0], new_ends])[:-1], np.frombuffer(self._name_data, np.uint8)
        other = ~equal_texts(new_starts, new_ends, new_names, starts[named], ends[named], uris.data)
        begins[named[other]], stops[named[other]] = new_starts[other] + len(base.data), new_ends[other] + len(base.data)
        nameless = np.setdiff1d(np.flatnonzero(self._changed), named, assume_unique=True)
        nameless = nameless[contain_byte(starts[nameless], ends[nameless], uris.data, ord("%"))]
        decoded = Pieces.of(AssetUri.parse(uri).name for uri in uris.many(nameless.tolist()))
        shift = len(base.data) + len(new_names)
        begins[nameless], stops[nameless] = decoded.offsets[:-1] + shift, decoded.offsets[1:] + shift
        return Strings(*concatenated(begins, stops, np.concatenate([base.data, new_names, decoded.data])))


def _strings(texts: Iterable[str]) -> Strings:
    builder = StringsBuilder()
    builder.extend(texts)
    return builder.finish()


class AssetArrays(NamedTuple):
    """The URI and kind of each asset by number, the dataset of each column, and the workflow of each run (0: none)."""

    uris: Strings
    kind: Bytes
    dataset: Ints
    workflow: Ints


def assemble(
    numbered: AssetArrays,
    ports: Longs,
    tables: Sequence[Arcs],
    attributes: DisplayAttributeArrays,
    watermark: int,
    allocate: Allocate = np.zeros,
) -> Base:
    """Return the base. In `tables` (lineage, columns, structure) asset `a` is node `a`, and port `p` is node `assets + p`.

    `ports` int64[n, 2] lists the asset and the output of each port. `tables` are emptied.
    """
    uris, kind, dataset, workflow = numbered
    assets, attribute_arrays = len(uris), attributes.finish(uris)
    ordered = bytewise_order(uris.offsets[:-1], uris.offsets[1:], uris.data)
    rank = np.empty(assets, np.int32)
    rank[ordered] = np.arange(assets, dtype=np.int32)
    number, node_of, asset_of, port_of = _place_nodes(uris, ports)
    found = [table_of_arcs(arcs.take(), number, len(asset_of), allocate) for arcs in tables]
    columns = np.flatnonzero(dataset).astype(np.int32)
    return Base(
        uris=uris,
        uri_table=hash_table(uris.offsets, uris.data, table_size(assets)),
        uri_order=ordered,
        uri_rank=rank,
        kind=kind,
        dataset=dataset,
        workflow=workflow,
        end_order=order_by_end(uris),
        name_order=order_by_text(attribute_arrays["names"]),
        columns=columns[np.argsort(dataset[columns], kind="stable")],
        **attribute_arrays,
        node_of=node_of,
        asset_of=asset_of,
        port_of=port_of,
        lineage=found[0],
        column_lineage=found[1],
        structure=found[2],
        watermark=watermark,
    )


def _place_nodes(uris: Strings, ports: Longs) -> tuple[Ints, Ints, Ints, Ints]:
    """Return the final number of each provisional node (-1 for asset 0), the node of each asset, and asset and port by node."""
    assets = len(uris)
    by_place = bytewise_order(namespace_starts(uris.offsets, uris.data), uris.offsets[1:], uris.data)
    place = np.empty(assets, np.int32)
    place[by_place] = np.arange(assets, dtype=np.int32)
    every_asset = np.concatenate([np.arange(assets, dtype=np.int32), ports[:, 0].astype(np.int32)])
    every_port = np.concatenate([np.zeros(assets, np.int32), ports[:, 1].astype(np.int32)])
    chosen = np.lexsort((every_port, place[every_asset]))
    chosen = chosen[every_asset[chosen] != 0]
    number = np.full(assets + len(ports), -1, np.int32)
    number[chosen] = np.arange(len(chosen), dtype=np.int32)
    return number, number[:assets].copy(), every_asset[chosen], every_port[chosen]


def table_of_arcs(pages: list[Longs], number: Ints, nodes: int, allocate: Allocate) -> BaseTable:
    """Return the rows of `Arcs.take` in both directions; `number` maps provisional to final node numbers. Empties `pages`.

    Upstream rows are copied from the downstream ones, so that the pages, the largest of the three, can be freed before.
    """
    total = sum(map(len, pages))
    index, into_index = np.zeros(3 * nodes + 1, np.int64), np.zeros(3 * nodes + 1, np.int64)
    last, into_last = -1, -1
    for page in pages:
        sources, targets = number[page[:, 3] & TO_MASK], number[page[:, 0] & TO_MASK]
        count_rows(sources, page, index)
        count_rows(targets, page, into_index)
        last, into_last = max(last, int(sources.max())), max(into_last, int(targets.max()))
    index, into_index = _summed(index, last), _summed(into_index, into_last)
    placed, fill = allocate((total, 3), np.int64), index[:-1].copy()
    owner, owned = [np.zeros(0, np.int32)], [np.zeros(0, np.int64)]
    while pages:
        page = pages.pop()
        positions = place_rows(number[page[:, 3] & TO_MASK], number[page[:, 0] & TO_MASK], page, fill, placed)
        owners = (page[:, 3] >> 32).astype(np.int32)
        computed = np.flatnonzero(owners)
        owner.append(owners[computed])
        owned.append(positions[computed])
    into, fill = allocate((total, 3), np.int64), into_index[:-1].copy()
    ends = index[::3]
    for first in range(0, len(ends) - 1, _NODES):
        until = min(first + _NODES, len(ends) - 1)
        rows = placed[ends[first] : ends[until]]
        sources = np.repeat(np.arange(first, until, dtype=np.int32), np.diff(ends[first : until + 1]))
        place_rows((rows[:, 0] & TO_MASK).astype(np.int32), sources, rows, fill, into)
    every_owner, positions = np.concatenate(owner), np.concatenate(owned)
    by_owner = np.argsort(every_owner, kind="stable")
    return BaseTable(index, placed, into_index, into, every_owner[by_owner], positions[by_owner])


def _summed(index: Longs, last: int) -> Longs:
    """Return the start positions of rows, from their counts; the index ends with the `last` node that has rows."""
    return np.cumsum(index[: 3 * (last + 1) + 1])


@numba.njit(cache=True, nogil=True)
def _segment(word: int) -> int:
    """Return the segment of a node's rows for a row: 0 asset level only, 1 both levels, 2 run level only."""
    flags = word >> FLAG_SHIFT
    if (flags & AT_RUN) == 0:
        return 0
    return 1 if (flags & AT_ASSET) != 0 else 2


@numba.njit(cache=True, nogil=True)
def count_rows(near: Ints, rows: Longs, index: Longs) -> None:
    """Add the number of rows of each node and segment to index[3 * node + segment + 1]."""
    for row in range(len(near)):
        index[3 * near[row] + _segment(rows[row, 0]) + 1] += 1


@numba.njit(cache=True, nogil=True)
def place_rows(near: Ints, far: Ints, rows: Longs, fill: Longs, placed: Longs) -> Longs:
    """Copy rows into the segments of their nodes, where `fill` points, and return their positions."""
    positions = np.empty(len(near), np.int64)
    for row in range(len(near)):
        segment = 3 * near[row] + _segment(rows[row, 0])
        position = fill[segment]
        fill[segment] += 1
        placed[position, 0] = (rows[row, 0] & ~TO_MASK) | far[row]
        placed[position, 1], placed[position, 2] = rows[row, 1], rows[row, 2]
        positions[row] = position
    return positions
