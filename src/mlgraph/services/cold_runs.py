"""Cold runs, read from the store for one answer: the answer is the one that a graph which leaves out no run would give."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np

from mlgraph.domain import budget
from mlgraph.graph.build import run_rows
from mlgraph.graph.cold import COLD, READ_BY_COLD, WRITTEN_BY_COLD, WithRuns, rows_are_in
from mlgraph.graph.layer import Arc
from mlgraph.graph.rows import COLUMN, INPUT_TO, OUTPUTS, Ints, Layer
from mlgraph.graph.snapshot import Snapshot, under_their_names
from mlgraph.graph.walk import DirectionName, walk
from mlgraph.ports.store import FactReader
from mlgraph.services import metrics
from mlgraph.services.chunks import chunks
from mlgraph.services.histories import Histories

BOTH: tuple[DirectionName, ...] = ("downstream", "upstream")


class ColdRuns:
    """A published graph, to which the cold runs that matter to a question are added.

    What reads raises `OutOfTime` where the question's time is over.
    """

    def __init__(self, reader: FactReader, graph: Snapshot) -> None:
        self.graph = graph
        """The graph to answer from."""
        self.count = 0
        """How many runs were read."""
        self._published = graph
        self._flags = graph.registry.base.cold
        self._reader = reader.at(graph.watermark)
        self._with_runs: WithRuns | None = None
        self._asked: dict[DirectionName, set[int]] = {"downstream": set(), "upstream": set()}
        self._read: set[int] = set()

    @property
    def added(self) -> list[dict[int, list[Arc]]]:
        """The rows that were added, by table and run."""
        return [{}, {}, {}] if self._with_runs is None else self._with_runs.added

    def for_walk(self, root: int, directions: Iterable[DirectionName], level: Layer, moment: int, depth: int | None) -> None:
        """Read what a walk from `root` meets.

        A walk is repeated as long as it meets what has not been read: each finds the cold runs of one more step.
        """
        if level != Layer.RUN or not len(self._flags):
            return
        for direction in directions:
            for limit in dict.fromkeys((depth, None)):
                while True:
                    reached = walk(self.graph, root, direction, level, moment, limit)
                    near = reached.assets if limit is None else reached.assets[reached.distances < limit]
                    if not self.around(near, (direction,)):
                        break
                if reached.certain.all():
                    break  # else a way that is certain throughout may be longer than `depth`

    def for_asset(self, asset: int) -> None:
        """Read the runs that have edges with an asset."""
        self.around(np.array([asset], np.int32), BOTH)

    def for_edge(self, source: int, relation: int, target: int) -> None:
        """Read the runs whose rows an edge may be: the one that it is of, or those that may have seen it between columns."""
        kind = self._published.registry.kind
        if relation in (INPUT_TO, OUTPUTS):
            self._add([target if relation == INPUT_TO else source])
        elif source and kind(source) == COLUMN:
            self.around(np.array([source], np.int32), ("downstream",))

    def around(self, assets: Ints, directions: Iterable[DirectionName]) -> bool:
        """Read those of `assets` that are cold runs, and the cold runs next to the others; return whether there were any."""
        registry = self._published.registry
        of_columns = [registry.dataset_of(column) for column in assets[registry.kinds(assets) == COLUMN].tolist()]
        assets = np.union1d(assets, np.array(of_columns, np.int32))
        assets = assets[assets < len(self._flags)]
        runs = set(assets[self._flags[assets] & COLD != 0].tolist())
        for direction in directions:
            flag = READ_BY_COLD if direction == "downstream" else WRITTEN_BY_COLD
            asked = self._asked[direction]
            touched = [asset for asset in assets[self._flags[assets] & flag != 0].tolist() if asset not in asked]
            asked.update(touched)
            names = {name for asset in touched for name in self._published.aliases.led_to(asset)}
            for chunk in chunks(names):
                budget.check()
                if direction == "downstream":
                    runs.update(self._reader.targets(chunk, INPUT_TO))
                else:
                    runs.update(self._reader.sources(chunk, OUTPUTS))
        return self._add(runs)

    def _add(self, assets: Collection[int]) -> bool:
        found = [asset for asset in assets if self._is_out(asset)]
        if not found:
            return False
        if self._with_runs is None:
            self._with_runs = WithRuns(self._published)
        registry, aliases = self._published.registry, self._published.aliases
        for chunk in chunks(found):
            budget.check()
            histories = Histories(self._reader, registry, aliases)
            for history, member in histories.runs(chunk).values():
                rows = run_rows(history, registry, aliases, standalone=not member)
                self._with_runs.add(history.run, under_their_names(aliases, rows))
        self._read.update(found)
        self.count += len(found)
        metrics.COLD_RUNS_READ.inc(len(found))
        self.graph = self._with_runs.snapshot()
        return True

    def _is_out(self, asset: int) -> bool:
        is_cold = 0 < asset < len(self._flags) and self._flags[asset] & COLD
        return bool(is_cold) and asset not in self._read and not rows_are_in(self._published, asset)
