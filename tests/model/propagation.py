"""Naive model of propagation: the contents of an asset follow recursively from its last writers, back to the root."""

from __future__ import annotations

from collections.abc import Iterable

from mlgraph.graph.propagation.rebuild_status import NEW, OLD, AffectedSubgraph, Execution

Point = tuple[int, int, tuple[int, str, int]]
"""A moment, the phase in it (changes, ends, edges, runs of an instant, beginnings), and the order of those in one phase."""


class Naive:
    """Computes contents and states backwards in time, without stored state.

    `since`: the time of the change; an input that is only possible counts if a run that ended since then read it.
    """

    def __init__(self, affected: AffectedSubgraph, executions: Iterable[Execution], since: int = 0) -> None:
        self.affected = affected
        self.since = since
        self.executions = list(executions)
        self.end: Point = (2**62, 9, (0, "", 0))

    def mask(self, asset: int, point: Point) -> int:
        """Return the contents of `asset` just before `point`: its own, and those of the assets that it follows without a run."""
        ancestors, found = [asset], {asset}
        contents_now = 0
        while ancestors:
            each = ancestors.pop()
            if each in self.affected.changed:
                changed_at = self.affected.changed[each]
                contents_now |= NEW if changed_at is not None and (changed_at, 0, self.affected.rank(each)) < point else OLD
                continue
            contents_now |= self._by_runs(each, point)
            for link in self.affected.links:
                key = (link.start, 2, self.affected.rank(link.source))
                if link.target != each or key >= point:
                    continue
                if each in self.affected.frozen and link.source not in self.affected.frozen:
                    contents_now |= self.mask(link.source, key)
                elif link.source not in found:
                    found.add(link.source)
                    ancestors.append(link.source)
        return contents_now

    def contents(self, asset: int) -> int:
        return self.mask(asset, self.end) or OLD

    def status(self, workflow: int) -> tuple[str, tuple[int, ...], tuple[int, ...]]:
        """Return the state, the missing inputs, and those among them that are not new yet."""
        frozen, reads = self.affected.frozen, self.affected.reads.get(workflow, set())
        own = [run for run in self.executions if run.workflow == workflow]
        done = sorted((run for run in own if run.completed), key=self._written_at)
        versions = next((run.reads & set(frozen) for run in reversed(done) if run.reads & set(frozen)), None)
        needed = {asset for asset in reads if asset not in frozen}
        needed |= {asset for asset in reads if asset in frozen} if versions is None else versions
        taken = {asset: next((self._found(run, asset) for run in reversed(done) if asset in run.reads), OLD) for asset in needed}
        missing = tuple(sorted(asset for asset, mask in taken.items() if mask != NEW))
        waits_on = tuple(asset for asset in missing if asset not in frozen and self.contents(asset) != NEW)
        attempts = [run for run in own if any(self.mask(asset, self._started_at(run)) & NEW for asset in reads)]
        last = max(attempts, key=self._started_at, default=None)
        if any(mask & NEW for mask in taken.values()):
            state = "partly" if missing else "rebuilt"
        elif last is not None and last.ended is None:
            state = "running"
        elif last is not None and last.state != "COMPLETE":
            state = "failed"
        else:
            state = "waiting" if waits_on else "old"
        return state, missing, waits_on

    def _by_runs(self, asset: int, point: Point) -> int:
        contents_now = 0
        for workflow, outputs in self.affected.makes.items():
            if asset in outputs:
                contents_now |= self._by_workflow(workflow, asset, point)
        return contents_now

    def _by_workflow(self, workflow: int, asset: int, point: Point) -> int:
        frozen, reads = self.affected.frozen, self.affected.reads.get(workflow, set())
        ever = [run for run in self.executions if run.workflow == workflow and run.completed and run.feeds.get(asset)]
        runs = sorted((run for run in ever if self._written_at(run) < point), key=self._written_at)
        if not runs:
            return OLD
        if asset in frozen:
            lasting = {each for run in runs for each in run.feeds[asset] if each not in frozen}
        else:
            lasting = {each for run in ever if self._ended_since(run) for each in run.feeds[asset] if each in reads}
            lasting |= {each for each, certain in self.affected.makes[workflow][asset].items() if certain}
            lasting = {each for each in lasting if each not in frozen}
        contents_now = 0
        for each in lasting:
            contents_now |= next((self._found(run, each) for run in reversed(runs) if each in run.feeds[asset]), OLD)
        for each in runs[-1].feeds[asset]:
            contents_now |= self._found(runs[-1], each) if each in frozen else 0
        return contents_now or OLD

    def _found(self, run: Execution, asset: int) -> int:
        return self.mask(asset, self._started_at(run)) or OLD

    def _ended_since(self, run: Execution) -> bool:
        return run.ended is not None and run.ended >= self.since

    @staticmethod
    def _started_at(run: Execution) -> Point:
        at_once = run.ended is not None and run.ended <= run.started_at
        return run.started_at, 3 if at_once else 4, (*run.rank, run.run)

    @staticmethod
    def _written_at(run: Execution) -> Point:
        assert run.ended is not None
        at_once = run.ended <= run.started_at
        return (run.started_at, 3, (*run.rank, run.run)) if at_once else (run.ended, 1, (*run.rank, run.run))
