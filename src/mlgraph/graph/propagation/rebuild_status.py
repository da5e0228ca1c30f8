"""How a change travels: who has taken in the new since, and what still comes from the old (docs/propagation.md).

The runs since the change are followed in order of time: a run that begins reads what is there, and what it writes when it
completes is as new as what it has read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

OLD: Final = 1
"""Some of the contents come from before the change."""
NEW: Final = 2
"""Some of the contents come from after the change."""

_BEFORE: Final = 0
"""Stands for the inputs of what a workflow wrote before the change."""


class PropagationLink(NamedTuple):
    """An edge that no run computes, from when it has held: the target is as new as the source."""

    source: int
    target: int
    start: int


class Execution(NamedTuple):
    """One run of a workflow: `ended` is None where it has not, `feeds` tells for each output the inputs that feed it."""

    run: int
    workflow: int
    started_at: int
    ended: int | None
    state: str | None
    reads: frozenset[int]
    feeds: Mapping[int, frozenset[int]]
    rank: tuple[int, str]
    """Of runs that begin and end in one instant, those come first whose workflow is nearer to the root, then by URI."""

    @property
    def completed(self) -> bool:
        """Whether it ended well."""
        return self.ended is not None and self.state == "COMPLETE"


@dataclass
class AffectedSubgraph:
    """What a change can reach, as the graph stands: `changed` tells when each root became new (None: it stays old).

    `reads` are the inputs of each workflow by which the change can reach it, `makes` its outputs with the inputs that lead to
    each, and whether that is certain. `frozen` assets never change once they are made.
    """

    changed: Mapping[int, int | None]
    links: Sequence[PropagationLink] = ()
    reads: Mapping[int, set[int]] = field(default_factory=dict)
    makes: Mapping[int, Mapping[int, Mapping[int, bool]]] = field(default_factory=dict)
    frozen: Collection[int] = frozenset()


class AssetContents(NamedTuple):
    """What an asset holds (`OLD`, `NEW` or both), since when (None: always), and by which run (0: by none)."""

    mask: int
    since: int | None
    run: int


class WorkflowStatus(NamedTuple):
    """How far a workflow is: its state, the run that says so (0: none) and when, and the inputs it has not taken in whole.

    `waits_on` are those of them that are not wholly new yet.
    """

    state: str
    run: int
    since: int | None
    missing: tuple[int, ...]
    waits_on: tuple[int, ...]


class _Taken(NamedTuple):
    """What a workflow found in an input when it last read it, and by which run since when."""

    mask: int
    run: int
    ended: int


_ALWAYS_OLD: Final = AssetContents(OLD, None, 0)


class PropagationReplay:
    """Follows the runs since a change; ask `contents` and `status` afterwards."""

    def __init__(self, affected: AffectedSubgraph, executions: Iterable[Execution]) -> None:
        """Follow `executions`, given in whatever order."""
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
        self._begin_with_old()
        for _, _, _, action in sorted(self._actions(), key=lambda each: each[:3]):
            self._apply(action)

    def contents(self, asset: int) -> AssetContents:
        """Return what an asset holds in the end."""
        contents_now = self._contents.get(asset, _ALWAYS_OLD)
        return contents_now if contents_now.mask else _ALWAYS_OLD

    def status(self, workflow: int) -> WorkflowStatus:
        """Return how far a workflow is in the end."""
        reads, taken = self._affected.reads.get(workflow, set()), self._taken[workflow]
        mutable_inputs = {asset for asset in reads if asset not in self._frozen}
        needed = mutable_inputs | set(self._frozen_reads.get(workflow, reads - mutable_inputs))
        found = {asset: taken.get(asset, _Taken(OLD, 0, 0)) for asset in needed}
        missing = tuple(sorted(asset for asset, each in found.items() if each.mask != NEW))
        waits_on = tuple(asset for asset in missing if asset in mutable_inputs and self.contents(asset).mask != NEW)
        new = [each for each in found.values() if each.mask & NEW]
        if new:
            latest = max(new, key=lambda each: (each.ended, each.run))
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
        """Return what an asset holds now; 0 where nothing that the change can reach has led to it yet."""
        contents_now = self._contents.get(asset)
        if contents_now is not None:
            return contents_now.mask
        return OLD if asset in self._processes or asset in self._affected.changed else 0

    def _begin_with_old(self) -> None:
        """Note what leads to what before anything has changed."""
        written: dict[tuple[int, int], set[int]] = defaultdict(set)
        for execution in self._executions:
            if execution.completed:
                for output, inputs in execution.feeds.items():
                    written[execution.workflow, output] |= inputs
        for workflow, outputs in self._affected.makes.items():
            reads = self._affected.reads.get(workflow, set())
            for output, leading in outputs.items():
                ways: set[int] = set()
                if output not in self._frozen:
                    ways = written[workflow, output] & reads | {asset for asset, certain in leading.items() if certain}
                self._processes[output].append(workflow)
                self._inputs_of_output[workflow, output] = {_BEFORE: OLD} | {
                    asset: OLD for asset in ways if asset not in self._frozen
                }

    def _actions(self) -> Iterator[tuple[int, int, tuple[int, str, int], Action]]:
        """Yield everything that happens, with the keys that it is ordered by: the moment, the phase in it, the rank."""
        for asset, moment in self._affected.changed.items():
            if moment is not None:
                yield moment, 0, (0, "", asset), _ChangeAction(asset, moment)
        for link in self._affected.links:
            yield link.start, 2, (0, "", link.source), link
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
                self._pass_on(self._live[asset], moment, 0)
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
            # what is frozen was made from what was there when the edge began
            self._sampled[link.target] |= self._mask(link.source)
        else:
            self._live[link.source].append(link.target)
            self._sources[link.target].append(link.source)
        mask = self._mask(link.target)
        if self._mask(link.source) | mask != mask:
            self._pass_on([link.target], link.start, 0)

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
                taken[asset] = _Taken(mask, execution.run, moment)
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
                del taken_inputs[asset]  # another version takes the place of the one that was read before
            anything = output in self._frozen
            taken_inputs.update((a, found[a]) for a in inputs if a in taken_inputs or a in self._frozen or anything)
            if self._own(output) != before:
                changed.append(output)
        self._pass_on(changed, moment, execution.run)

    def _own(self, asset: int) -> int:
        """Return what an asset holds by runs and by what was there when it was made."""
        mask = self._sampled.get(asset, 0)
        for workflow in self._processes.get(asset, ()):
            taken_inputs = self._inputs_of_output[workflow, asset]
            mask |= OLD if not taken_inputs else 0
            for each in taken_inputs.values():
                mask |= each
        return mask

    def _pass_on(self, assets: Iterable[int], moment: int, run: int) -> None:
        """Say anew what `assets` hold, and all that follow them without a run; cycles among them hold what flows in."""
        direct = {asset for asset in assets if asset not in self._affected.changed}
        following = self._following(direct)
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

    def _following(self, assets: Collection[int]) -> set[int]:
        """Return `assets` and all that follow them without a run."""
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
    """A run begins: it reads."""

    execution: Execution


class _EndAction(NamedTuple):
    """A run completes: what it wrote is there."""

    execution: Execution


class _InstantRunAction(NamedTuple):
    """A run begins and ends in one instant."""

    execution: Execution


Action = _ChangeAction | PropagationLink | _BeginAction | _EndAction | _InstantRunAction
