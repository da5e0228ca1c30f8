"""Which name stands for an asset at a moment: aliases are a dated table, applied where facts become rows (ADR 0018).

An alias says that one name is another name of an asset from `start` until `end`. Following aliases from a name leads to the name
that answers use. Names that are aliases of each other are one asset under the least of their URIs. A name that leads to several
assets at once is ambiguous: it stands for itself then, and a person decides. Two that are kept apart are not one through others
either: who would be one with the other by the weaker word stands for itself.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from mlgraph.domain.timestamps import FOREVER

BEGINNING: Final = -(2**63)
"""Before all moments."""


@dataclass(frozen=True, slots=True)
class Alias:
    """`name` and `of` (assets) are one for [start, end), or `apart` says that they are not, whatever lower ranks say.

    `rank` orders who says so: what people declare outranks what sources report.
    """

    name: int
    of: int
    start: int
    end: int = FOREVER
    rank: int = 0
    apart: bool = False


class ResolvedInterval(NamedTuple):
    """The asset that a name stands for during [start, end)."""

    start: int
    end: int
    asset: int


class AmbiguousName(NamedTuple):
    """A name that led to several assets for [start, end); `assets` in order of URI."""

    name: int
    assets: tuple[int, ...]
    start: int
    end: int


class Aliases:
    """The aliases of one moment of the log; it does not change.

    `in_passing`: the origins that mention datasets because something reads or writes them, under whatever name that uses. Their
    mentions of a name that was renamed away do not make it an asset again.
    """

    def __init__(self, aliases: Iterable[Alias], uri: Callable[[int], str], in_passing: frozenset[str] = frozenset()) -> None:
        self._uri = uri
        self.in_passing = in_passing
        self._out: dict[int, list[Alias]] = defaultdict(list)
        self._into: dict[int, set[int]] = defaultdict(set)
        self._apart: dict[frozenset[int], list[Alias]] = defaultdict(list)
        for alias in aliases:
            if alias.start >= alias.end or alias.name == alias.of:
                continue
            if alias.apart:
                self._apart[frozenset((alias.name, alias.of))].append(alias)
            else:
                self._out[alias.name].append(alias)
                self._into[alias.of].add(alias.name)
        self._segments: dict[int, tuple[ResolvedInterval, ...]] = {}
        self._classes: dict[int, frozenset[int]] = {}

    def __bool__(self) -> bool:
        """Say whether there is any alias."""
        return bool(self._out)

    def names(self) -> Iterator[int]:
        """Yield the assets that were ever an alias of another."""
        yield from self._out

    def is_alias(self, asset: int) -> bool:
        """Say whether `asset` was ever an alias of another."""
        return asset in self._out

    def at(self, asset: int, moment: int) -> int:
        """Return the asset that `asset` stands for at `moment`."""
        if asset not in self._out:
            return asset
        return next(segment.asset for segment in self.segments(asset) if segment.start <= moment < segment.end)

    def segments(self, asset: int) -> Sequence[ResolvedInterval]:
        """Return what `asset` stands for over all time, in order; the segments leave no gap."""
        if asset not in self._out:
            return (ResolvedInterval(BEGINNING, FOREVER, asset),)
        known = self._segments.get(asset)
        if known is None:
            known = self._segments[asset] = tuple(self._joined(asset))
        return known

    def names_of(self, asset: int) -> set[int]:
        """Return `asset` and all names that ever led to it, over others too."""
        return _closure(asset, lambda name: self._into.get(name, ()))

    def targets_of(self, asset: int) -> set[int]:
        """Return `asset` and all names that it ever led to, over others too."""
        return _closure(asset, lambda name: (alias.of for alias in self._out.get(name, ())))

    def names_affected_by(self, name: int) -> Collection[int]:
        """Return the names that may stand for another asset when something else is said of `name`, itself included."""
        return self._equivalence_class(name) | self.names_of(name) if self._apart else self.names_of(name)

    def asserted_of(self, asset: int) -> list[Alias]:
        """Return what is said of `asset` being one with others, or apart from them, by time."""
        asserted = [*self._out.get(asset, ()), *self._incoming(asset)]
        asserted += [alias for pair, separations in self._apart.items() if asset in pair for alias in separations]
        return sorted(asserted, key=lambda alias: (alias.start, self._uri(alias.name), self._uri(alias.of)))

    def _incoming(self, asset: int) -> Iterator[Alias]:
        return (alias for name in self._into.get(asset, ()) for alias in self._out[name] if alias.of == asset)

    def renamed_to(self, asset: int, moment: int) -> int | None:
        """Return the name that first becomes an alias of `asset` after `moment`, unless both are two all the same."""
        later = [
            alias
            for alias in self._incoming(asset)
            if alias.start > moment and self.at(alias.name, alias.start) == self.at(asset, alias.start)
        ]
        return min(later, key=lambda alias: (alias.start, self._uri(alias.name))).name if later else None

    def names_at(self, asset: int, moment: int) -> list[int]:
        """Return the names that stand for `asset` at `moment`: itself first, if it stands for itself, then by URI."""
        names = sorted(self.names_of(asset) - {asset}, key=self._uri)
        return [name for name in (asset, *names) if self.at(name, moment) == asset]

    def ambiguities(self) -> list[AmbiguousName]:
        """Return every name that leads or led to several assets at once, by URI and time."""
        found: dict[tuple[int, tuple[int, ...]], list[tuple[int, int]]] = defaultdict(list)
        for name in self._out:
            for start, end in self._pieces(name):
                ends = self._resolution(name, start).ends(name)
                if len(ends) > 1:
                    found[name, ends].append((start, end))
        listed = [
            AmbiguousName(name, ends, start, end) for (name, ends), spans in found.items() for start, end in _joined_spans(spans)
        ]
        return sorted(listed, key=lambda each: (self._uri(each.name), each.start))

    def _joined(self, asset: int) -> Iterator[ResolvedInterval]:
        last: ResolvedInterval | None = None
        for start, end in self._pieces(asset):
            resolved = self._resolution(asset, start).canonical(asset)
            if last is not None and last.asset == resolved:
                last = last._replace(end=end)
                continue
            if last is not None:
                yield last
            last = ResolvedInterval(start, end, resolved)
        if last is not None:
            yield last

    def _pieces(self, asset: int) -> Iterator[tuple[int, int]]:
        """Yield the spans during which nothing changes of what `asset` leads to."""
        names = self._equivalence_class(asset) if self._pairs_apart(asset) else self.targets_of(asset)
        asserted = [alias for name in names for alias in self._out.get(name, ())]
        asserted += [alias for pair, separations in self._apart.items() if pair <= names for alias in separations]
        moments = sorted({BEGINNING, FOREVER, *(alias.start for alias in asserted), *(alias.end for alias in asserted)})
        yield from itertools.pairwise(moments)

    def _equivalence_class(self, name: int) -> frozenset[int]:
        """Return the names that were ever an alias of one another, over others too, whichever of which."""
        known = self._classes.get(name)
        if known is None:
            known = frozenset(_closure(name, self._neighbours))
            self._classes.update(dict.fromkeys(known, known))
        return known

    def _neighbours(self, name: int) -> Iterator[int]:
        yield from self._into.get(name, ())
        yield from (alias.of for alias in self._out.get(name, ()))

    def _pairs_apart(self, name: int) -> list[frozenset[int]]:
        """Return the pairs that are ever kept apart among the kin of `name`."""
        return [pair for pair in self._apart if pair <= self._equivalence_class(name)] if self._apart else []

    def _resolution(self, name: int, moment: int) -> _Resolution:
        """Return what is heard at `moment` of `name` and its kin."""
        apart = [alias for pair in self._pairs_apart(name) for alias in self._apart[pair] if alias.start <= moment < alias.end]
        return _Resolution(self._out, self._uri, moment, apart)


class _Resolution:
    """What is heard of names at one moment."""

    def __init__(
        self, out: Mapping[int, Sequence[Alias]], uri: Callable[[int], str], moment: int, apart: Sequence[Alias]
    ) -> None:
        self._out, self._uri, self._moment = out, uri, moment
        self._apart = apart
        self._separated: frozenset[int] = frozenset()
        """Names that would be one with what they are kept apart from."""
        while new := self._to_separate() - self._separated:
            self._separated |= new

    def _to_separate(self) -> frozenset[int]:
        """Return who is one with what it is kept apart from, by a word that is weaker than that: of such two, by the weaker."""
        found: set[int] = set()
        for alias in self._apart:
            asset = self.canonical(alias.name)
            if asset != self.canonical(alias.of):
                continue
            by_rank = [(self._prevailing(name)[0].rank, name) for name in (alias.name, alias.of) if name != asset]
            weaker = [(rank, name) for rank, name in by_rank if rank <= alias.rank]
            found.update(name for rank, name in weaker if rank == min(weaker)[0])
        return frozenset(found)

    def _prevailing(self, name: int) -> list[Alias]:
        """Return the aliases that lead on from `name`: of those that say so, the highest rank is heard alone."""
        if name in self._separated:
            return []
        valid_aliases = [alias for alias in self._out.get(name, ()) if alias.start <= self._moment < alias.end]
        valid_aliases = [alias for alias in valid_aliases if not self._is_apart(alias)]
        rank = max((alias.rank for alias in valid_aliases), default=0)
        return [alias for alias in valid_aliases if alias.rank == rank]

    def _is_apart(self, alias: Alias) -> bool:
        return any({each.name, each.of} == {alias.name, alias.of} and each.rank >= alias.rank for each in self._apart)

    def _targets(self, name: int) -> set[int]:
        return {alias.of for alias in self._prevailing(name)}

    def _cycle(self, name: int) -> set[int]:
        """Return the names that lead to `name` and that it leads to: they are one."""
        reached = _closure(name, self._targets)
        return {each for each in reached if name in _closure(each, self._targets)}

    def ends(self, name: int, passed: frozenset[int] = frozenset()) -> tuple[int, ...]:
        """Return the assets that `name`, with the circle it is in, leads to; itself is not among them."""
        cycle = self._cycle(name)
        further = {target for each in cycle for target in self._targets(each)} - cycle - passed
        return tuple(sorted({self.canonical(target, passed | cycle) for target in further}, key=self._uri))

    def canonical(self, name: int, passed: frozenset[int] = frozenset()) -> int:
        """Return the asset that `name` stands for."""
        ends = self.ends(name, passed)
        return ends[0] if len(ends) == 1 else min(self._cycle(name), key=self._uri)


def _closure(start: int, following: Callable[[int], Iterable[int]]) -> set[int]:
    seen, waiting = {start}, [start]
    while waiting:
        for other in following(waiting.pop()):
            if other not in seen:
                seen.add(other)
                waiting.append(other)
    return seen


def _joined_spans(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    last: tuple[int, int] | None = None
    for start, end in sorted(spans):
        if last is not None and last[1] == start:
            last = (last[0], end)
            continue
        if last is not None:
            yield last
        last = (start, end)
    if last is not None:
        yield last


NO_ALIASES: Final = Aliases((), str)


def split(aliases: Aliases, source: int, target: int, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield (source, target, start, end) for the pieces of an edge's span, each with the assets that its ends stand for then.

    A piece whose ends stand for one asset is left out: a thing does not lead to itself by another name.
    """
    if not (aliases.is_alias(source) or aliases.is_alias(target)):
        yield source, target, start, end
        return
    for left in aliases.segments(source):
        for right in aliases.segments(target):
            begins, ends = max(start, left.start, right.start), min(end, left.end, right.end)
            if begins < ends and (left.asset != right.asset or source == target):
                yield left.asset, right.asset, begins, ends
