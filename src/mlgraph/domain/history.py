"""How facts combine: the state of an asset or edge is a function of the set of facts about it (docs/spec.md#1-state).

Records are facts in the form of the store: assets, origins and relations are small integers, times are microseconds. No result
depends on the order or repetition of records.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from mlgraph.domain.curation.merging import curate
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.facts import Mode, is_terminal
from mlgraph.domain.payloads.payload import canonical_json
from mlgraph.domain.timestamps import FOREVER, parse_time

EVERY_ORIGIN: Final = 0
"""The origin code of a retraction that applies to all origins."""
CURATED_ORIGIN: Final = 30_000
"""The origin code of what people write, in every store. It asserts no asset (docs/spec.md#13-curation)."""

_MERGED_BY_KEY: Final = frozenset({"properties", "facets", "sides", "quality"})
_NO_PROPERTIES: Final[Mapping[str, Any]] = {}


class AssetRecord(NamedTuple):
    """One stored fact about an asset: a state, a retraction, or the declaration of a job's `sides`."""

    asset: int
    origin: int
    valid_from: int
    mode: Mode
    state: Mapping[str, Any]
    tx: int = 0
    event: int = 0


class EdgeRecord(NamedTuple):
    """One stored fact about an edge. `feeds` are the inputs in the `from` of an `outputs` edge; None if it has no `from`.

    A tuple, because a rebuild of the graph creates millions of records: creating a frozen dataclass takes six times as long.
    """

    source: int
    relation: int
    target: int
    origin: int
    valid_from: int
    valid_to: int
    mode: Mode
    role: str | None = None
    version: str | None = None
    by: int | None = None
    feeds: frozenset[int] | None = None
    properties: Mapping[str, Any] = _NO_PROPERTIES
    tx: int = 0
    event: int = 0

    @property
    def triple(self) -> tuple[int, int, int]:
        """Source, relation and target."""
        return self.source, self.relation, self.target

    @property
    def key(self) -> tuple[int, str, str, int]:
        """What distinguishes edges of one triple: origin, role, version, and the run that reported a column edge."""
        return self.origin, self.role or "", self.version or "", self.by or 0


@dataclass(frozen=True, slots=True)
class AssetInterval:
    """The state of an asset that one origin asserts for [start, end)."""

    origin: int
    start: int
    end: int
    state: dict[str, Any]
    tx: int


class EdgeInterval(NamedTuple):
    """One record of an edge for [start, end), with the properties that its facts up to `start` merge to."""

    record: EdgeRecord
    start: int
    end: int
    feeds: frozenset[int] | None
    properties: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Endings:
    """The times at which retractions of an asset close its edges: those of one origin, and those of all origins."""

    by_origin: Mapping[int, tuple[int, ...]]
    every: tuple[int, ...]

    def of(self, origin: int) -> tuple[int, ...]:
        """Return the times at which edges of `origin` close."""
        return (*self.by_origin.get(origin, ()), *self.every)


NO_ENDINGS: Final = Endings({}, ())


def merge(state: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Return `state` with the members of `patch`; a member replaces, but properties, facets and sides merge by key."""
    merged = dict(state)
    for key, value in patch.items():
        old = merged.get(key)
        if key in _MERGED_BY_KEY and isinstance(value, dict) and isinstance(old, dict):
            merged[key] = merge(old, value)
        elif key == "state" and is_terminal(old) and not is_terminal(value):
            continue  # a late event does not reopen an ended run
        else:
            merged[key] = value
    return merged


def asset_intervals(records: Iterable[AssetRecord]) -> list[AssetInterval]:
    """Return the states of one asset as intervals of all origins, ordered by origin and start."""
    by_origin: dict[int, list[AssetRecord]] = defaultdict(list)
    ends: dict[int, list[int]] = defaultdict(list)
    for record in records:
        if record.mode == Mode.RETRACT:
            ends[record.origin].append(record.valid_from)
        elif record.mode in (Mode.REPLACE, Mode.PATCH):
            by_origin[record.origin].append(record)
    intervals: list[AssetInterval] = []
    for origin in sorted(by_origin):
        cuts = sorted({*ends[origin], *(() if origin == CURATED_ORIGIN else ends[EVERY_ORIGIN])})
        intervals.extend(_fold_states(origin, by_origin[origin], cuts))
    return intervals


def state_at(intervals: Iterable[AssetInterval], moment: int) -> dict[str, Any] | None:
    """Return the state of an asset at `moment`: what sources report, with what people wrote on top.

    None if nobody has said anything about the asset until then, or all sources have stopped to assert it.
    """
    listed = intervals if isinstance(intervals, list) else list(intervals)
    reported, curated = reported_at(listed, moment), curated_at(listed, moment)
    if not curated or (reported is None and any(each.origin != CURATED_ORIGIN and each.end <= moment for each in listed)):
        return reported
    return curate(reported or {}, curated)


def reported_at(intervals: Iterable[AssetInterval], moment: int) -> dict[str, Any] | None:
    """Return the states of all sources at `moment` merged, the latest last; None if no source asserts the asset."""
    state: dict[str, Any] | None = None
    for interval in sources_at(intervals, moment):
        state = merge(state or {}, interval.state)
    return state


def sources_at(intervals: Iterable[AssetInterval], moment: int) -> list[AssetInterval]:
    """Return the intervals of sources that are valid at `moment`, in the order in which they are merged.

    Those of the same time are ordered by content, so that the result does not depend on the numbers of the origins.
    """
    valid = [each for each in intervals if each.start <= moment < each.end and each.origin != CURATED_ORIGIN]
    return valid if len(valid) < 2 else sorted(valid, key=lambda interval: (interval.start, canonical_json(interval.state)))


def curated_at(intervals: Iterable[AssetInterval], moment: int) -> dict[str, Any]:
    """Return what people wrote about the asset until `moment`, empty if nothing: a source that drops the asset leaves it."""
    return next((each.state for each in intervals if each.origin == CURATED_ORIGIN and each.start <= moment < each.end), {})


def deleted_at(records: Sequence[AssetRecord], moment: int) -> int | None:
    """Return when the asset was deleted: the first retraction up to `moment` after which no source asserts it; else None."""
    reported = [record for record in records if record.origin != CURATED_ORIGIN]
    intervals = asset_intervals(reported)
    if any(interval.start <= moment < interval.end for interval in intervals):
        return None
    valid_until = max((interval.end for interval in intervals if interval.end <= moment), default=None)
    cuts = sorted(record.valid_from for record in reported if record.mode == Mode.RETRACT and record.valid_from <= moment)
    return next((cut for cut in cuts if valid_until is None or cut >= valid_until), None)


def _fold_states(origin: int, records: Sequence[AssetRecord], cuts: Sequence[int]) -> Iterable[AssetInterval]:
    moments: dict[int, list[AssetRecord]] = defaultdict(list)
    for record in records:
        moments[record.valid_from].append(record)
    cut_at = frozenset(cuts)
    state: dict[str, Any] | None = None
    start, tx = 0, 0
    for moment in sorted({*moments, *cuts}):
        if moment in cut_at:
            if state is not None:
                yield AssetInterval(origin, start, moment, state, tx)
            state = None
            continue
        records_then = moments[moment]
        after = _apply(state or {}, records_then)
        replaced = any(record.mode == Mode.REPLACE for record in records_then)
        if state is not None and not replaced and after == state:
            continue
        if state is not None:
            yield AssetInterval(origin, start, moment, state, tx)
        state, start, tx = after, moment, min(record.tx for record in records_then)
    if state is not None:
        yield AssetInterval(origin, start, FOREVER, state, tx)


def _apply(state: Mapping[str, Any], records_then: Sequence[AssetRecord]) -> dict[str, Any]:
    if len(records_then) == 1:  # nearly always
        (record,) = records_then
        return dict(record.state) if record.mode == Mode.REPLACE else merge(state, record.state)
    replacements = [record.state for record in records_then if record.mode == Mode.REPLACE]
    if len(replacements) > 1:
        replacements.sort(key=canonical_json)
    after = dict(replacements[-1] if replacements else state)
    patches = [record.state for record in records_then if record.mode == Mode.PATCH]
    for patch in sorted(patches, key=canonical_json) if len(patches) > 1 else patches:
        after = merge(after, patch)
    return after


def endings(records: Sequence[AssetRecord]) -> Endings:
    """Return when retractions of this asset close its edges.

    A retraction closes the edges of its own origin, and those of all origins if no other source asserts the asset then.
    """
    retractions = [record for record in records if record.mode == Mode.RETRACT and record.origin != CURATED_ORIGIN]
    if not retractions:
        return NO_ENDINGS
    intervals = asset_intervals(record for record in records if record.origin != CURATED_ORIGIN)
    by_origin: dict[int, list[int]] = defaultdict(list)
    every: set[int] = set()
    for retraction in retractions:
        moment = retraction.valid_from
        by_origin[retraction.origin].append(moment)
        if retraction.origin == EVERY_ORIGIN or not any(state.start <= moment < state.end for state in intervals):
            every.add(moment)
    return Endings({origin: tuple(sorted(times)) for origin, times in by_origin.items()}, tuple(sorted(every)))


def edge_intervals(records: Sequence[EdgeRecord], cuts: Collection[int], *, repeats: bool = False) -> list[EdgeInterval]:
    """Return the records of one edge key (same triple, origin, role, version, by) as intervals, ordered by start.

    `cuts` are times that close every interval that opened at or before them. A patch or declaration without a new value
    changes nothing; with `repeats` it is a separate interval, because the export of runs lists every report.
    """
    sorted_cuts = sorted({*cuts}) if cuts else []
    if len(records) == 1:  # the case of most edges
        return _only_interval(records[0], sorted_cuts)
    moments: dict[int, list[EdgeRecord]] = defaultdict(list)
    for record in records:
        moments[record.valid_from].append(record)
    starts = sorted(moments)
    intervals: list[EdgeInterval] = []
    for position, start in enumerate(starts):
        records_then = moments[start]
        cut = bisect_left(sorted_cuts, start)
        until = min(
            starts[position + 1] if position + 1 < len(starts) else FOREVER,
            sorted_cuts[cut] if cut < len(sorted_cuts) else FOREVER,
            *(record.valid_to for record in records_then),
        )
        if until <= start:
            continue
        before = intervals[-1] if intervals and intervals[-1].end == start else None
        after = _next_interval(records_then, before, start, until)
        quiet = all(record.mode in (Mode.PATCH, Mode.DECLARED) for record in records_then)
        if before and quiet and not repeats and (after.feeds, after.properties) == (before.feeds, before.properties):
            after = EdgeInterval(before.record, before.start, until, after.feeds, after.properties)
            intervals.pop()
        intervals.append(after)
    return intervals


def _only_interval(record: EdgeRecord, cuts: Sequence[int]) -> list[EdgeInterval]:
    end = record.valid_to
    if cuts:
        cut = bisect_left(cuts, record.valid_from)
        end = min(end, cuts[cut] if cut < len(cuts) else FOREVER)
    if end <= record.valid_from:
        return []
    return [EdgeInterval(record, record.valid_from, end, record.feeds, dict(record.properties))]


def _next_interval(records_then: Sequence[EdgeRecord], before: EdgeInterval | None, start: int, until: int) -> EdgeInterval:
    replacements = [record for record in records_then if record.mode != Mode.PATCH]
    patches = [record for record in records_then if record.mode == Mode.PATCH]
    if replacements:
        chosen = _greatest(replacements)
        properties, feeds = dict(chosen.properties), None
    else:
        chosen = _greatest(patches)
        properties, feeds = (before.properties, before.feeds) if before else ({}, None)
    for patch in patches if len(patches) < 2 else sorted(patches, key=_edge_order):
        properties = merge(properties, patch.properties)
    named = [record.feeds for record in records_then if record.feeds is not None]
    return EdgeInterval(chosen, start, until, frozenset().union(*named) if named else feeds, properties)


def _greatest(records: Sequence[EdgeRecord]) -> EdgeRecord:
    return records[0] if len(records) == 1 else max(records, key=_edge_order)  # nearly always one


def _edge_order(record: EdgeRecord) -> str:
    return canonical_json(record.properties)


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How a run ended. `ended_at` is None before its end; `sides` is None where both sides count as reported."""

    state: str | None
    ended_at: int | None
    code_version: str | None
    sides: frozenset[str] | None

    def reports_side(self, side: str) -> bool:
        """Return whether the run reported this side (`inputs` or `outputs`)."""
        return self.sides is None or side in self.sides


def run_outcome(records: Iterable[AssetRecord]) -> RunOutcome:
    """Return how a run ended: its latest terminal event decides (docs/spec.md#2-run-level, #3-asset-level).

    Retractions are ignored: deleting a run does not undo it.
    """
    states = [record for record in records if record.mode in (Mode.REPLACE, Mode.PATCH)]
    if len(states) > 1:
        states.sort(key=lambda record: (record.valid_from, record.mode, canonical_json(record.state)))
    ended: tuple[str, int] | None = None
    for record in states:
        properties = record.state.get("properties") or {}
        if is_terminal(properties.get("state")):
            reported_end = properties.get("ended_at")
            moment = parse_time(reported_end) if isinstance(reported_end, str) else record.valid_from
            ended = (properties["state"].upper(), moment)
    known = _final_properties(states)
    state, version, sides = known.get("state"), known.get("code_version"), known.get("sides")
    reported_sides = frozenset(side for side, flag in sides.items() if flag) if isinstance(sides, dict) else None
    final = ended[0] if ended else state.upper() if isinstance(state, str) else None
    return RunOutcome(
        final, ended[1] if ended else None, version if isinstance(version, str) and version else None, reported_sides
    )


def run_start(records: Iterable[AssetRecord], asserted_at: Iterable[int] = ()) -> int | None:
    """Return when a run started: its `started_at`, else the earliest time of a fact about it; None without any fact.

    `asserted_at` are the times of the facts about its edges.
    """
    states = [record for record in records if record.mode in (Mode.REPLACE, Mode.PATCH)]
    started = _final_properties(states).get("started_at") if states else None
    if isinstance(started, str):
        try:
            return parse_time(started)
        except InvalidInput:
            pass  # facts may have any text here; only this function interprets it
    return min((*(record.valid_from for record in states), *asserted_at), default=None)


def _final_properties(states: Sequence[AssetRecord]) -> dict[str, Any]:
    """Return the final properties of all origins merged, the latest last."""
    if len(states) == 1:
        alone = states[0].state.get("properties")
        return alone if isinstance(alone, dict) else {}
    by_origin: dict[int, list[AssetRecord]] = defaultdict(list)
    for record in states:
        by_origin[record.origin].append(record)
    final_states: list[tuple[int, str, dict[str, Any]]] = []
    for origin, records in by_origin.items():
        *_, last = _fold_states(origin, records, ())
        properties = last.state.get("properties")
        if isinstance(properties, dict):
            final_states.append((last.start, canonical_json(properties), properties))
    merged: dict[str, Any] = {}
    for _, _, properties in sorted(final_states, key=lambda final_state: final_state[:2]):
        merged = merge(merged, properties)
    return merged


_SUCCEEDED: Final = frozenset({"complete", "completed", "finished", "done", "succeeded", "concluded", "ended"})
_FAILED: Final = frozenset({"fail", "failed", "abort", "aborted", "stopped", "cancelled", "rolled_back"})
_FINISHED: Final = _SUCCEEDED | _FAILED


def is_finished(properties: Mapping[str, Any]) -> bool:
    """Return whether `state` or `ended_at` shows that a run, rollout or experiment is over."""
    state = properties.get("state")
    return bool(properties.get("ended_at")) or (isinstance(state, str) and state.lower() in _FINISHED)
