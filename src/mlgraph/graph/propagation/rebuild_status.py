"""Replays the runs since a change: which workflows and assets were rebuilt, and which are still old (docs/propagation.md).

The runs since the change are replayed in order of time. A run reads its inputs when it starts; the outputs that it writes when it
completes are as new as the inputs were then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

OLD: Final = 1
"""Flag: some of the contents come from before the change."""
NEW: Final = 2
"""Flag: some of the contents come from after the change."""

_BEFORE: Final = 0
"""Placeholder for the inputs of the outputs that a workflow wrote before the change."""


class PropagationLink(NamedTuple):
    """An edge that no run computes, valid since `start`: the target is as new as the source."""

    source: int
    target: int
    start: int


class Execution(NamedTuple):
    """One run of a workflow: `ended` is None while it runs, `feeds` has for each output the inputs that feed it."""

    run: int
    workflow: int
    started_at: int
    ended: int | None
    state: str | None
    reads: frozenset[int]
    feeds: Mapping[int, frozenset[int]]
    rank: tuple[int, str]
    """Order of runs that start and end in one instant: by distance of their workflow from the root, then by URI."""

    @property
    def completed(self) -> bool:
        """Whether the run ended with state COMPLETE."""
        return self.ended is not None and self.state == "COMPLETE"


@dataclass
class AffectedSubgraph:
    """The part of the graph that a change can reach: `changed` has the time at which each root became new (None: it stays old).

    `reads` has, by workflow, the inputs over which the change can reach it; `makes`, by workflow and output, the inputs that feed
    the output, each with whether that is certain. `frozen` assets never change once they are made.
    """

    changed: Mapping[int, int | None]
    links: Sequence[PropagationLink] = ()
    reads: Mapping[int, set[int]] = field(default_factory=dict)
    makes: Mapping[int, Mapping[int, Mapping[int, bool]]] = field(default_factory=dict)
    frozen: Collection[int] = frozenset()
    uris: Mapping[int, str] = field(default_factory=dict)
    """The URIs of `changed` assets and of the sources of `links`, which order what happens at one moment."""

    def rank(self, asset: int) -> tuple[int, str, int]:
        """Return the order of a changed asset, or of a link from it, among those of one moment."""
        return 0, self.uris.get(asset, ""), asset


class AssetContents(NamedTuple):
    """The contents of an asset: `mask` of `OLD` and `NEW`, since when (None: always), and written by which run (0: none)."""

    mask: int
    since: int | None
    run: int


class WorkflowStatus(NamedTuple):
    """The rebuild status of a workflow: its state, with the deciding run (0: none) and time, and its missing inputs.

    `missing` inputs were not completely new when the workflow last read them; `waits_on` has those that still are not.
    """

    state: str
    run: int
    since: int | None
    missing: tuple[int, ...]
    waits_on: tuple[int, ...]


class _Taken(NamedTuple):
    """The contents that a workflow found in an input when it last read it, with the run and the end of that run."""

    mask: int
    run: int
    ended: int
    uri: str = ""
    """The URI of the run: of two runs that ended at one moment, the last by URI counts."""


_ALWAYS_OLD: Final = AssetContents(OLD, None, 0)


class PropagationReplay:
    """Replays the runs since a change; `contents` and `status` return the result."""

    def __init__(self, affected: AffectedSubgraph, executions: Iterable[Execution]) -> None:
        """Replay `executions`, which may be in any order."""
        self._affected = affected
        self._frozen = affected.frozen
        self._executions = list(executions)
        self._start = min((moment for moment in affected.changed.values() if moment is not None), default=0)
        self._contents: dict[int, AssetContents] = {}
        self._live: dict[int, list[int]] = defaultdict(list)
        self._sources: dict[int, list[int]] = defaultdict(list)
        self._sampled: dict[int, int] = defaultdict(int)
        self._processes: dict[int, list[int]] = defaultdict(list)
        self._inputs_of_output: dict[tuple[int, int], dict[int, int]] = {}
        self._taken: dict[int, dict[int, _Taken]] = defaultdict(dict)
        self._frozen_reads: dict[int, frozenset[int]] = {}
        self._attempts: dict[int, Execution] = {}
        self._found: dict[tuple[int, int], dict[int, int]] = {}
        self._initialise_inputs()
        for _, _, _, action in sorted(self._actions(), key=lambda each: each[:3]):
            self._apply(action)

    def contents(self, asset: int) -> AssetContents:
        """Return the contents of an asset after the replay."""
        contents_now = self._contents.get(asset, _ALWAYS_OLD)
        return contents_now if contents_now.mask else _ALWAYS_OLD

    def status(self, workflow: int) -> WorkflowStatus:
        """Return the rebuild status of a workflow after the replay."""
        reads, taken = self._affected.reads.get(workflow, set()), self._taken[workflow]
        mutable_inputs = {asset for asset in reads if asset not in self._frozen}
        needed = mutable_inputs | set(self._frozen_reads.get(workflow, reads - mutable_inputs))
        found = {asset: taken.get(asset, _Taken(OLD, 0, 0)) for asset in needed}
        missing = tuple(sorted(asset for asset, each in found.items() if each.mask != NEW))
        waits_on = tuple(asset for asset in missing if asset in mutable_inputs and self.contents(asset).mask != NEW)
        new = [each for each in found.values() if each.mask & NEW]
        if new:
            latest = max(new, key=lambda each: (each.ended, each.uri, each.run))
            return WorkflowStatus("partly" if missing else "rebuilt", latest.run, latest.ended, missing, waits_on)
        attempt = self._attempts.get(workflow)
        if attempt is not None and attempt.ended is None:
            return WorkflowStatus("running", attempt.run, attempt.started_at, missing, waits_on)
        if attempt is not None and not attempt.completed:
            return WorkflowStatus("failed", attempt.run, attempt.ended, missing, waits_on)
        if waits_on:
            return WorkflowStatus("waiting", 0, None, missing, waits_on)
        ready = max((self.contents(asset).since or 0 for asset in mutable_inputs), default=0)
        return WorkflowStatus("old", 0, ready or None, missing, waits_on)

    def _mask(self, asset: int) -> int:
        """Return the current contents of an asset as a mask; 0 if nothing in the affected subgraph feeds it yet."""
        contents_now = self._contents.get(asset)
        if contents_now is not None:
            return contents_now.mask
        return OLD if asset in self._processes or asset in self._affected.changed else 0

    def _initialise_inputs(self) -> None:
        """Set the inputs of each output to their contents before the change."""
        written: dict[tuple[int, int], set[int]] = defaultdict(set)
        for execution in self._executions:
            if execution.completed:
                for output, inputs in execution.feeds.items():
                    written[execution.workflow, output] |= inputs
        for workflow, outputs in self._affected.makes.items():
            reads = self._affected.reads.get(workflow, set())
            for output, certain_by_input in outputs.items():
                sources: set[int] = set()
                if output not in self._frozen:
                    sources = written[workflow, output] & reads
                    sources |= {asset for asset, certain in certain_by_input.items() if certain}
                self._processes[output].append(workflow)
                mutable_inputs = {asset: OLD for asset in sources if asset not in self._frozen}
                self._inputs_of_output[workflow, output] = {_BEFORE: OLD} | mutable_inputs

    def _actions(self) -> Iterator[tuple[int, int, tuple[int, str, int], Action]]:
        """Yield all actions with their sort keys: the moment, the phase within it, the rank."""
        for asset, moment in self._affected.changed.items():
            if moment is not None:
                yield moment, 0, self._affected.rank(asset), _ChangeAction(asset, moment)
        for link in self._affected.links:
            yield link.start, 2, self._affected.rank(link.source), link
        for execution in self._executions:
            rank = (*execution.rank, execution.run)
            if execution.ended is not None and execution.ended <= execution.started_at:
                yield execution.started_at, 3, rank, _InstantRunAction(execution)
            else:
                yield execution.started_at, 4, rank, _BeginAction(execution)
                if execution.completed and execution.ended is not None:
                    yield execution.ended, 1, rank, _EndAction(execution)

    def _apply(self, action: Action) -> None:
        match action:
            case _ChangeAction(asset, moment):
                self._contents[asset] = AssetContents(NEW, moment, 0)
                self._propagate(self._live[asset], moment, 0)
            case PropagationLink():
                self._link(action)
            case _BeginAction(execution):
                self._read(execution)
            case _EndAction(execution):
                self._write(execution, execution.ended or 0)
            case _InstantRunAction(execution):
                self._read(execution)
                if execution.completed:
                    self._write(execution, execution.started_at)

    def _link(self, link: PropagationLink) -> None:
        if link.target in self._affected.changed:
            return
        if link.target in self._frozen and link.source not in self._frozen:
            # a frozen asset was made from the contents that its source had when the edge became valid
            self._sampled[link.target] |= self._mask(link.source)
        else:
            self._live[link.source].append(link.target)
            self._sources[link.target].append(link.source)
        mask = self._mask(link.target)
        if self._mask(link.source) | mask != mask:
            self._propagate([link.target], link.start, 0)

    def _read(self, execution: Execution) -> None:
        found = {asset: self._mask(asset) or OLD for asset in execution.reads}
        self._found[execution.workflow, execution.run] = found
        reads = self._affected.reads.get(execution.workflow, ())
        if any(self._mask(asset) & NEW for asset in reads):
            self._attempts[execution.workflow] = execution

    def _write(self, execution: Execution, moment: int) -> None:
        found, taken = self._found[execution.workflow, execution.run], self._taken[execution.workflow]
        for asset, mask in found.items():
            if asset not in taken or taken[asset].mask != mask:
                taken[asset] = _Taken(mask, execution.run, moment, execution.rank[1])
        frozen = frozenset(asset for asset in found if asset in self._frozen)
        if frozen:
            self._frozen_reads[execution.workflow] = frozen
        changed = []
        for output, inputs in execution.feeds.items():
            taken_inputs = self._inputs_of_output.get((execution.workflow, output))
            if taken_inputs is None or not inputs or output in self._affected.changed:
                continue
            before = self._own(output)
            for asset in [each for each in taken_inputs if each == _BEFORE or each in self._frozen]:
                del taken_inputs[asset]  # a frozen input is replaced by the version that this run read
            anything = output in self._frozen
            taken_inputs.update((a, found[a]) for a in inputs if a in taken_inputs or a in self._frozen or anything)
            if self._own(output) != before:
                changed.append(output)
        self._propagate(changed, moment, execution.run)

    def _own(self, asset: int) -> int:
        """Return the contents that an asset has from runs and, if it is frozen, from its sources when it was made."""
        mask = self._sampled.get(asset, 0)
        for workflow in self._processes.get(asset, ()):
            taken_inputs = self._inputs_of_output[workflow, asset]
            mask |= OLD if not taken_inputs else 0
            for each in taken_inputs.values():
                mask |= each
        return mask

    def _propagate(self, assets: Iterable[int], moment: int, run: int) -> None:
        """Recompute the contents of `assets` and their followers; assets of a cycle have all contents that flow into it."""
        direct = {asset for asset in assets if asset not in self._affected.changed}
        following = self._followers(direct)
        masks = {}
        for asset in following:
            masks[asset] = self._own(asset)
            for source in self._sources.get(asset, ()):
                masks[asset] |= 0 if source in following else self._mask(source)
        queue = [asset for asset, mask in masks.items() if mask]
        while queue:
            source = queue.pop()
            for target in self._live.get(source, ()):
                if masks[target] | masks[source] != masks[target]:
                    masks[target] |= masks[source]
                    queue.append(target)
        for asset, mask in masks.items():
            if mask != self._mask(asset):
                self._contents[asset] = AssetContents(
                    mask, moment if moment >= self._start else None, run if asset in direct else 0
                )

    def _followers(self, assets: Collection[int]) -> set[int]:
        """Return `assets` and all assets that depend on them over links, without a run between."""
        found, queue = set(assets), list(assets)
        while queue:
            for target in self._live.get(queue.pop(), ()):
                if target not in found:
                    found.add(target)
                    queue.append(target)
        return found


class _ChangeAction(NamedTuple):
    """An asset becomes new."""

    asset: int
    moment: int


class _BeginAction(NamedTuple):
    """A run starts and reads its inputs."""

    execution: Execution


class _EndAction(NamedTuple):
    """A run completes and writes its outputs."""

    execution: Execution


class _InstantRunAction(NamedTuple):
    """A run starts and ends in one instant."""

    execution: Execution


Action = _ChangeAction | PropagationLink | _BeginAction | _EndAction | _InstantRunAction
