"""Runs and workflows of which most are plain: told from the others, and their edges put beside each other for compiled code.

A run or workflow is plain where nothing of it was declared or retracted, no lineage or columns were told of it, one origin tells
of each run, and all runs of a workflow are plain. Then some columns of its facts suffice to compute its rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

import numpy as np

from mlgraph.domain.facts import Mode
from mlgraph.domain.history import RunOutcome
from mlgraph.domain.timestamps import FOREVER
from mlgraph.domain.vocabulary import HELD_OUT_ROLES, INPUT_ROLES
from mlgraph.graph.csr.chunked_rows import ChunkedRows
from mlgraph.graph.csr.string_index import Strings, order
from mlgraph.graph.model.rows import AT_ASSET, AT_RUN, INPUT_TO, RUN, WORKFLOW, Bools, Bytes, Ints, Longs
from mlgraph.graph.projection.batch.compiled_rows import Output, Owners, owner_rows
from mlgraph.graph.projection.batch.compiled_sweep import NEVER, OTHER_SHIFT, ROLE_BITS, SIDE_SHIFT, Edges, Runs
from mlgraph.ports.store import EdgeTable

COMPILED_FROM: Final = 200_000
"""Edges of runs and workflows from which on rows are computed by compiled code: fewer take less long than to compile it, once."""
_EDGES_AT_ONCE: Final = 1_000_000
_HELD_OUT: Final = np.array([role in HELD_OUT_ROLES for role in ("", *INPUT_ROLES)])
_SIDES: Final = ("inputs", "outputs")


class RunEnds:
    """How runs ended, by asset, and which origins told of them."""

    def __init__(self, assets: int) -> None:
        self.completed_at: Longs = np.full(assets, NEVER, np.int64)
        self.version: Ints = np.zeros(assets, np.int32)
        self.told: Bytes = np.full(assets, (1 << len(_SIDES)) - 1, np.uint8)
        self.least_origin = np.full(assets, 2**15 - 1, np.int16)
        self.greatest_origin = np.zeros(assets, np.int16)
        self._versions: dict[str, int] = {}

    def note(self, run: int, outcome: RunOutcome, origins: Collection[int]) -> None:
        """Take note of how a run ended, and whose word that is."""
        if outcome.state == "COMPLETE" and outcome.ended_at is not None:
            self.completed_at[run] = outcome.ended_at
        if outcome.code_version is not None:
            self.version[run] = self._versions.setdefault(outcome.code_version, len(self._versions) + 1)
        self.told[run] = sum(1 << number for number, side in enumerate(_SIDES) if outcome.reports_side(side))
        if origins:
            self.least_origin[run] = min(self.least_origin[run], *origins)
            self.greatest_origin[run] = max(self.greatest_origin[run], *origins)


class OwnedEdges:
    """The edges of all runs and workflows, gathered from the store's facts."""

    def __init__(self, kind: Bytes, retracted: Ints, apart: Ints, ends: RunEnds) -> None:
        """`retracted` are the assets that ever were, `apart` those of which something was declared, or told in column edges."""
        self._kind = kind
        self._ends = ends
        self._retracted = np.zeros(len(kind), np.bool_)
        self._retracted[retracted] = True
        self._odd = np.zeros(len(kind), np.bool_)
        self._odd[apart] = True
        # A later record ends one before it of the same version and role: where nothing ends by itself, this makes no difference.
        self._parted, self._ending = np.zeros(len(kind), np.bool_), np.zeros(len(kind), np.bool_)
        self._edges = ChunkedRows()
        self._members: list[Longs] = []

    def __len__(self) -> int:
        return len(self._edges)

    def add(self, table: EdgeTable) -> None:
        """Take in facts of inputs and outputs of runs and workflows."""
        reads = table.relation == INPUT_TO
        owner, other = np.where(reads, table.target, table.source), np.where(reads, table.source, table.target)
        role = np.where(reads, table.role, 0)
        self._odd[owner[~self._usual(table) | (table.lineage != 0) | (role < 0)]] = True
        self._parted[owner[(table.versioned != 0) | (role != table.role)]] = True
        self._ending[owner[table.end != FOREVER]] = True
        key = np.where(reads, 0, 1 << SIDE_SHIFT) | other.astype(np.int64) << OTHER_SHIFT
        key |= table.origin.astype(np.int64) << ROLE_BITS | np.maximum(role, 0)
        np.minimum.at(self._ends.least_origin, owner, table.origin)
        np.maximum.at(self._ends.greatest_origin, owner, table.origin)
        self._edges.extend(owner, key, table.start, table.end)

    def add_members(self, table: EdgeTable) -> None:
        """Take in which runs are whose."""
        unusual = ~self._usual(table)
        self._odd[table.source[unusual]] = True
        self._odd[table.target[unusual]] = True
        self._members.append(table.target.astype(np.int64) << 32 | table.source)

    def _usual(self, table: EdgeTable) -> Bools:
        told = (table.mode == Mode.REPLACE) | (table.mode == Mode.PATCH)
        usual: Bools = told & (table.end > table.start) & ~(self._retracted[table.source] | self._retracted[table.target])
        return usual

    def sorted_out(self, uris: Strings) -> Plain:
        """Return the plain runs and workflows with their edges, and take the others apart; of few edges, none counts as plain."""
        runs = self._kind == RUN
        members = np.unique(np.concatenate([np.zeros(0, np.int64), *self._members]))
        of, run = (members >> 32).astype(np.int32), (members & (2**32 - 1)).astype(np.int32)
        self._odd |= self._parted & self._ending
        self._odd |= runs & (self._ends.least_origin < self._ends.greatest_origin)
        self._odd[of[self._odd[run]]] = True
        if len(self) < COMPILED_FROM:
            self._odd[:] = True
        usual = (runs | (self._kind == WORKFLOW)) & ~self._odd
        standalone = runs.copy()
        standalone[run] = False
        edges, begin = self._sorted_edges(usual)
        kept = usual[of]
        return Plain(self._kind, usual, standalone, run[kept], of[kept], edges, begin, self._ends_by(uris))

    def _sorted_edges(self, usual: Bools) -> tuple[Edges, Longs]:
        """Return the edges of these owners, by owner and key, and where those of each asset begin."""
        pages = [page[usual[page[:, 0]]] for page in self._edges.take()]
        owner, key, start, end = (
            np.concatenate([np.zeros(0, np.int64), *(page[:, column] for page in pages)]) for column in range(4)
        )
        del pages
        begin = np.zeros(len(usual) + 1, np.int64)
        np.cumsum(np.bincount(owner, minlength=len(usual)), out=begin[1:])
        by_key = np.lexsort((start, key, owner))
        del owner
        key, start, end = key[by_key], start[by_key], end[by_key]
        return Edges(key, start, end, np.zeros(0, np.int32)), begin

    def _ends_by(self, uris: Strings) -> Runs:
        rank, runs = np.zeros(len(self._kind), np.int32), np.flatnonzero(self._kind == RUN)
        rank[runs[order(uris.offsets[runs], uris.offsets[runs + 1], uris.data)]] = np.arange(len(runs), dtype=np.int32)
        ends = self._ends
        return Runs(rank, ends.least_origin.astype(np.int32), ends.completed_at, ends.version, ends.told)


class Plain(NamedTuple):
    """The plain runs and workflows: `usual` says of each asset whether it is one, `standalone` whether it is a run of nobody's.

    `members` are the runs of plain workflows, beside the workflow `of` each, which ascends. Of asset `a` are the edges
    edges[begin[a]:begin[a + 1]].
    """

    kind: Bytes
    usual: Bools
    standalone: Bools
    members: Ints
    of: Ints
    edges: Edges
    begin: Longs
    runs: Runs

    def rows(self, first_port: int) -> Iterator[Output]:
        """Yield the rows of all, many owners at a time: passing number `first_port + p` stands for the port `p` of all ports."""
        for owners, edges in self._chunks():
            output = owner_rows(edges, owners, self.runs, self.kind, _HELD_OUT, first_port)
            first_port += len(output.ports)
            yield output

    def _chunks(self) -> Iterator[tuple[Owners, Edges]]:
        counts = np.diff(self.begin)
        runs = np.flatnonzero(self.usual & (self.kind == RUN) & (counts > 0))
        for chosen in _parts(runs, counts[runs]):
            yield self._of_runs(chosen.astype(np.int32))
        workflows = np.flatnonzero(self.usual & (self.kind == WORKFLOW))
        counts += np.bincount(self.of, counts[self.members], len(counts)).astype(np.int64)
        for chosen in _parts(workflows, counts[workflows]):
            yield self._of_workflows(chosen.astype(np.int32))

    def _of_runs(self, runs: Ints) -> tuple[Owners, Edges]:
        low, high, nothing = self.begin[runs], self.begin[runs + 1], np.zeros(len(runs), np.int64)
        first, last = low[0], high[-1]
        key, start, end = (column[first:last] for column in self.edges[:3])
        level = np.where(self.standalone[runs], AT_ASSET | AT_RUN, AT_RUN).astype(np.int32)
        owners = Owners(runs, level, low - first, high - first, nothing, nothing, np.zeros(0, np.int32))
        return owners, Edges(key, start, end, np.full(len(key), -1, np.int32))

    def _of_workflows(self, workflows: Ints) -> tuple[Owners, Edges]:
        low, high = np.searchsorted(self.of, [workflows[0], workflows[-1] + 1])
        members, of = self.members[low:high], self.of[low:high]
        teller = np.concatenate([workflows, members])
        counts = self.begin[teller + 1] - self.begin[teller]
        place = np.repeat(self.begin[teller] - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
        owner = np.repeat(np.concatenate([workflows, of]), counts)
        run = np.repeat(np.concatenate([np.full(len(workflows), -1, np.int32), members]), counts)
        key, start = self.edges.key[place], self.edges.start[place]
        by_key = np.lexsort((start, key, owner))
        edges = Edges(key[by_key], start[by_key], self.edges.end[place][by_key], run[by_key])
        complete = self.runs.completed_at[members] != NEVER
        members, of = members[complete], of[complete]
        in_time = np.lexsort((self.runs.rank[members], self.runs.completed_at[members], of))
        bounds = [np.searchsorted(rows, workflows, side) for rows in (owner[by_key], of) for side in ("left", "right")]
        level = np.full(len(workflows), AT_ASSET, np.int32)
        return Owners(workflows, level, bounds[0], bounds[1], bounds[2], bounds[3], members[in_time]), edges


def _parts(owners: Longs, counts: Longs) -> list[Longs]:
    """Return `owners` in parts that have not too many edges together."""
    if not len(owners):
        return []
    return np.split(owners, np.flatnonzero(np.diff(np.cumsum(counts) // _EDGES_AT_ONCE)) + 1)
