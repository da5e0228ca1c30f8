"""Making a base: assets, cards and rows are collected under passing numbers, then nodes are put into order and rows beside them.

Nodes stand in order of namespace, then kind and name, ports after their asset: what is near in the company is near in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

import numba
import numpy as np
from numpy.typing import NDArray

from mlgraph.domain.uri import AssetUri
from mlgraph.graph.base import Base, Table
from mlgraph.graph.kernels import FLAG_SHIFT, TO_MASK
from mlgraph.graph.registry import Card
from mlgraph.graph.render import Pieces, concatenated, escaped
from mlgraph.graph.rows import AT_ASSET, AT_RUN, Bools, Bytes, Ints, Longs, NodeKey
from mlgraph.graph.strings import Strings, StringsBuilder, after_kind, hash_table, have, order, table_size, tails

Allocate = Callable[[tuple[int, ...], Any], NDArray[Any]]
"""Gives an array of a shape and type, zeroed: in memory, or in a file that is mapped."""

Block = tuple[Ints, Ints, Longs, Ints]
"""Rows: sources, targets, packed rows and owners."""
_BLOCK: Final = 1 << 20


class Arcs:
    """Rows with both ends, as they are collected: nodes int32[k] each way, packed rows int64[k, 3], owners int32[k]."""

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._pending: list[tuple[int, int, int, int, int, int]] = []

    def add(self, source: int, target: int, row: tuple[int, int, int], owner: int) -> None:
        """Add one row; the low 32 bits of its word are set later."""
        self._pending.append((source, target, *row, owner))
        if len(self._pending) >= _BLOCK // 8:
            self._settle()

    def extend(self, sources: Ints, targets: Ints, rows: Longs, owners: Ints) -> None:
        """Add many rows."""
        if len(sources):
            self._blocks.append((sources, targets, rows, owners))

    def _settle(self) -> None:
        if self._pending:
            table = np.array(self._pending, np.int64)
            self._pending = []
            self._blocks.append((
                table[:, 0].astype(np.int32), table[:, 1].astype(np.int32), np.ascontiguousarray(table[:, 2:5]),
                table[:, 5].astype(np.int32),
            ))  # fmt: skip

    def take(self) -> list[Block]:
        """Return all rows, block by block."""
        self._settle()
        return self._blocks

    def drop(self, owners: Bools) -> Iterator[tuple[Ints, Ints]]:
        """Take away the rows of these owners (bool by asset); yield their sources and targets."""
        self._settle()
        for place, block in enumerate(self._blocks):
            gone = owners[block[3]]
            if gone.any():
                yield block[0][gone], block[1][gone]
                self._blocks[place] = (block[0][~gone], block[1][~gone], block[2][~gone], block[3][~gone])


class Cards:
    """Cards by asset, as arrays: those of a base, and those that were set since."""

    def __init__(self, assets: int, base: Base | None = None) -> None:
        """Begin with the cards of `base`, for `assets` assets."""
        self._base = Base.empty() if base is None else base
        known = min(assets, self._base.assets)
        self.names: dict[int, str] = {}
        self._words = {word: number for number, word in enumerate(self._base.words.many(range(len(self._base.words))))}
        self._people = {uri: number for number, uri in enumerate(self._base.people.many(range(len(self._base.people))))}
        self.state = np.concatenate([self._base.state[:known], np.zeros(assets - known, np.int16)])
        self.finished = np.concatenate([self._base.finished[:known], np.zeros(assets - known, np.uint8)])
        self._changed = np.zeros(assets, np.bool_)
        self._changed[known:] = True
        self._owned: list[tuple[int, int]] = []

    def set(self, asset: int, card: Card) -> None:
        """Let this be the card of an asset; once for each."""
        self._changed[asset] = True
        if card.name:
            self.names[asset] = card.name
        self.finished[asset] = card.finished
        # a state is a word of a source's choosing: past what fits, rare words are not told apart
        word = self._words.setdefault(card.state or "", min(len(self._words), 2**15 - 1))
        self.state[asset] = word
        self._owned.extend((asset, self._people.setdefault(owner, len(self._people))) for owner in card.owners)

    def finish(self, uris: Strings) -> dict[str, Any]:
        """Return the parts of the base that cards make."""
        index, owners = self._owners()
        return {
            "names": self._all_names(uris), "state": self.state, "words": _texts(list(self._words)[: 2**15]),
            "finished": self.finished, "owner_index": index, "owners": owners, "people": _texts(self._people),
        }  # fmt: skip

    def _owners(self) -> tuple[Longs, Ints]:
        known = min(len(self.state), self._base.assets)
        counts = np.diff(self._base.owner_index[: known + 1])
        of = np.repeat(np.arange(known), counts)
        kept = ~self._changed[of]
        fresh = np.array(self._owned, np.int64).reshape(-1, 2)
        of = np.concatenate([of[kept], fresh[:, 0]])
        people = np.concatenate([self._base.owners[: len(kept)][kept], fresh[:, 1].astype(np.int32)])
        by_asset = np.argsort(of, kind="stable")
        index = np.concatenate([[0], np.cumsum(np.bincount(of, minlength=len(self.state)))]).astype(np.int64)
        return index, people[by_asset].astype(np.int32)

    def _all_names(self, uris: Strings) -> Strings:
        """Return the names as JSON: of the base where nothing changed, of the cards, or decoded from URIs that need it."""
        starts, ends = tails(uris.offsets[:-1], uris.offsets[1:], uris.data)
        changed = np.flatnonzero(self._changed)
        for asset in changed[have(starts[changed], ends[changed], uris.data, ord("%"))].tolist():
            self.names.setdefault(asset, AssetUri.parse(uris[asset]).name)
        known = min(len(self.state), self._base.assets)
        begins, stops = np.zeros(len(self.state), np.int64), np.zeros(len(self.state), np.int64)
        begins[:known], stops[:known] = self._base.names.offsets[:known], self._base.names.offsets[1 : known + 1]
        fresh = Pieces.of((self._name(asset, uris) for asset in changed.tolist()), raw=True)
        shift = len(self._base.names.data)
        begins[changed], stops[changed] = fresh.offsets[:-1] + shift, fresh.offsets[1:] + shift
        return Strings(*concatenated(begins, stops, np.concatenate([self._base.names.data, fresh.data])))

    def _name(self, asset: int, uris: Strings) -> str:
        name = self.names.get(asset)
        return "" if name is None or name == uris[asset].rpartition("/")[2] else escaped(name).decode()


def _texts(texts: Iterable[str]) -> Strings:
    builder = StringsBuilder()
    builder.extend(texts)
    return builder.finish()


def assemble(
    uris: Strings, kind: NDArray[np.uint8], dataset: Ints, ports: Sequence[NodeKey], tables: Sequence[Arcs], cards: Cards,
    watermark: int, allocate: Allocate = np.zeros, cold: Bytes | None = None, absent: Bools | None = None,
) -> Base:  # fmt: skip
    """Return the base. In `tables` (lineage, columns, structure) asset `a` is node `a`, and `ports[p]` is node `assets + p`.

    `cold` is kept as it is. `absent` says of each of these nodes whether it is left out: no row may touch it.
    """
    assets = len(uris)
    ordered = order(uris.offsets[:-1], uris.offsets[1:], uris.data)
    rank = np.empty(assets, np.int32)
    rank[ordered] = np.arange(assets, dtype=np.int32)
    number, node_of, asset_of, port_of = _place_nodes(uris, ports, absent)
    found = [table_of_arcs(arcs.take(), number, len(asset_of), allocate) for arcs in tables]
    columns = np.flatnonzero(dataset).astype(np.int32)
    return Base(
        uris=uris, uri_table=hash_table(uris.offsets, uris.data, table_size(assets)), uri_order=ordered, uri_rank=rank, kind=kind,
        dataset=dataset, columns=columns[np.argsort(dataset[columns], kind="stable")], **cards.finish(uris), node_of=node_of,
        asset_of=asset_of, port_of=port_of, lineage=found[0], column_lineage=found[1], structure=found[2],
        cold=np.zeros(0, np.uint8) if cold is None else cold, watermark=watermark,
    )  # fmt: skip


def _place_nodes(uris: Strings, ports: Sequence[NodeKey], absent: Bools | None) -> tuple[Ints, Ints, Ints, Ints]:
    """Return the final number of each passing one (-1: left out), and nodes by asset, assets and ports by node."""
    assets = len(uris)
    by_place = order(after_kind(uris.offsets, uris.data), uris.offsets[1:], uris.data)
    place = np.empty(assets, np.int32)
    place[by_place] = np.arange(assets, dtype=np.int32)
    keys = np.array(ports, np.int64).reshape(-1, 2)
    every_asset = np.concatenate([np.arange(assets), keys[:, 0]])
    every_port = np.concatenate([np.zeros(assets, np.int64), keys[:, 1]])
    chosen = np.lexsort((every_port, place[every_asset]))
    chosen = chosen[(every_asset[chosen] != 0) if absent is None else (every_asset[chosen] != 0) & ~absent[chosen]]
    number = np.full(assets + len(keys), -1, np.int32)
    number[chosen] = np.arange(len(chosen), dtype=np.int32)
    return number, number[:assets].copy(), every_asset[chosen].astype(np.int32), every_port[chosen].astype(np.int32)


def table_of_arcs(blocks: Sequence[Block], number: Ints, nodes: int, allocate: Allocate) -> Table:
    """Return rows both ways, `number` saying which node each passing number stands for."""
    blocks = [(number[sources], number[targets], rows, owners) for sources, targets, rows, owners in blocks]
    total = sum(len(block[0]) for block in blocks)
    found: list[Any] = []
    owner: list[Ints] = []
    owned: list[Longs] = []
    for forward in (True, False):
        last = max((int((block[0] if forward else block[1]).max(initial=-1)) for block in blocks), default=-1)
        index = np.zeros(3 * min(nodes, last + 1) + 1, np.int64)  # past the last node with rows there is nothing to say
        for sources, targets, rows, _ in blocks:
            count_rows(sources if forward else targets, rows, index)
        np.cumsum(index, out=index)
        fill = index[:-1].copy()
        placed = allocate((total, 3), np.int64)
        for sources, targets, rows, owners in blocks:
            near, far = (sources, targets) if forward else (targets, sources)
            positions = place_rows(near, far, rows, fill, placed)
            if forward:
                computed = np.flatnonzero(owners)
                owner.append(owners[computed])
                owned.append(positions[computed])
        found += [index, placed]
    owners, positions = np.concatenate([np.zeros(0, np.int32), *owner]), np.concatenate([np.zeros(0, np.int64), *owned])
    by_owner = np.argsort(owners, kind="stable")
    return Table(found[0], found[1], found[2], found[3], owners[by_owner], positions[by_owner])


@numba.njit(cache=True, nogil=True)
def _segment(word: int) -> int:
    """Return the part of a node's rows that a row belongs to: asset level alone, both, run level alone."""
    flags = word >> FLAG_SHIFT
    if (flags & AT_RUN) == 0:
        return 0
    return 1 if (flags & AT_ASSET) != 0 else 2


@numba.njit(cache=True, nogil=True)
def count_rows(near: Ints, rows: Longs, index: Longs) -> None:
    """Add to index[3 * node + segment + 1] the number of rows there."""
    for row in range(len(near)):
        index[3 * near[row] + _segment(rows[row, 0]) + 1] += 1


@numba.njit(cache=True, nogil=True)
def place_rows(near: Ints, far: Ints, rows: Longs, fill: Longs, placed: Longs) -> Longs:
    """Copy rows to where their nodes have them, and return the positions."""
    positions = np.empty(len(near), np.int64)
    for row in range(len(near)):
        segment = 3 * near[row] + _segment(rows[row, 0])
        position = fill[segment]
        fill[segment] += 1
        placed[position, 0] = (rows[row, 0] & ~TO_MASK) | far[row]
        placed[position, 1], placed[position, 2] = rows[row, 1], rows[row, 2]
        positions[row] = position
    return positions
