"""Alias resolution: the asset that a name denotes at a moment (ADR 0018).

Aliases form a dated table that is applied where facts become rows. An alias declares `name` to be another name of the asset `of`
for [start, end). Following aliases from a name yields the canonical asset, the name that answers use. Names that form a cycle are
one asset, under the least of their URIs. A name with aliases to several assets at once is ambiguous: it resolves to itself until
a person decides. If two names are declared distinct (`apart`), no third alias may join them: the lower-ranked name resolves to
itself.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from mlgraph.domain.timestamps import FOREVER

BEGINNING: Final = -(2**63)
"""The start of time: earlier than every moment."""


@dataclass(frozen=True, slots=True)
class Alias:
    """A statement that the assets `name` and `of` are one asset for [start, end), or with `apart` that they are two.

    A separation (`apart`) overrides aliases of the same or a lower `rank`. Declarations of people rank above reports of sources.
    """

    name: int
    of: int
    start: int
    end: int = FOREVER
    rank: int = 0
    apart: bool = False


class ResolvedInterval(NamedTuple):
    """The asset that a name resolves to during [start, end)."""

    start: int
    end: int
    asset: int


class AmbiguousName(NamedTuple):
    """A name with aliases to several assets during [start, end); `assets` in order of URI."""

    name: int
    assets: tuple[int, ...]
    start: int
    end: int


class Aliases:
    """The immutable alias table of one position of the log.

    `in_passing` are the origins that mention a dataset only because a job reads or writes it, under the name that the job uses.
    A mention by such an origin does not make a name that was renamed away an asset again.
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
        """Return whether there is any alias."""
        return bool(self._out)

    def names(self) -> Iterator[int]:
        """Yield the assets that were an alias of another at any time."""
        yield from self._out

    def is_alias(self, asset: int) -> bool:
        """Return whether `asset` was an alias of another at any time."""
        return asset in self._out

    def at(self, asset: int, moment: int) -> int:
        """Return the asset that `asset` resolves to at `moment`."""
        if asset not in self._out:
            return asset
        return next(segment.asset for segment in self.segments(asset) if segment.start <= moment < segment.end)

    def segments(self, asset: int) -> Sequence[ResolvedInterval]:
        """Return the resolutions of `asset` over all time, in order and without gaps."""
        if asset not in self._out:
            return (ResolvedInterval(BEGINNING, FOREVER, asset),)
        known = self._segments.get(asset)
        if known is None:
            known = self._segments[asset] = tuple(self._joined(asset))
        return known

    def names_of(self, asset: int) -> set[int]:
        """Return `asset` and all names with a chain of aliases to it, at any time."""
        return _closure(asset, lambda name: self._into.get(name, ()))

    def targets_of(self, asset: int) -> set[int]:
        """Return `asset` and all names that it has a chain of aliases to, at any time."""
        return _closure(asset, lambda name: (alias.of for alias in self._out.get(name, ())))

    def names_affected_by(self, name: int) -> Collection[int]:
        """Return the names, `name` included, whose resolution may change when the aliases of `name` change."""
        return self._equivalence_class(name) | self.names_of(name) if self._apart else self.names_of(name)

    def asserted_of(self, asset: int) -> list[Alias]:
        """Return the aliases and separations that `asset` is an end of, in order of time."""
        asserted = [*self._out.get(asset, ()), *self._incoming(asset)]
        asserted += [alias for pair, separations in self._apart.items() if asset in pair for alias in separations]
        return sorted(asserted, key=lambda alias: (alias.start, self._uri(alias.name), self._uri(alias.of)))

    def _incoming(self, asset: int) -> Iterator[Alias]:
        return (alias for name in self._into.get(asset, ()) for alias in self._out[name] if alias.of == asset)

    def renamed_to(self, asset: int, moment: int) -> int | None:
        """Return the name that first becomes an alias of `asset` after `moment`, None if there is none.

        An alias without effect, because a separation overrides it, does not count.
        """
        later = [
            alias
            for alias in self._incoming(asset)
            if alias.start > moment and self.at(alias.name, alias.start) == self.at(asset, alias.start)
        ]
        return min(later, key=lambda alias: (alias.start, self._uri(alias.name))).name if later else None

    def names_at(self, asset: int, moment: int) -> list[int]:
        """Return the names that resolve to `asset` at `moment`: first itself, if it does, then the others by URI."""
        names = sorted(self.names_of(asset) - {asset}, key=self._uri)
        return [name for name in (asset, *names) if self.at(name, moment) == asset]

    def ambiguities(self) -> list[AmbiguousName]:
        """Return every name that has or had aliases to several assets at once, by URI and time."""
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
        """Yield consecutive intervals over all time; no alias that affects `asset` begins or ends within one."""
        names = self._equivalence_class(asset) if self._pairs_apart(asset) else self.targets_of(asset)
        asserted = [alias for name in names for alias in self._out.get(name, ())]
        asserted += [alias for pair, separations in self._apart.items() if pair <= names for alias in separations]
        moments = sorted({BEGINNING, FOREVER, *(alias.start for alias in asserted), *(alias.end for alias in asserted)})
        yield from itertools.pairwise(moments)

    def _equivalence_class(self, name: int) -> frozenset[int]:
        """Return the names connected to `name` by aliases of any time, followed in both directions."""
        known = self._classes.get(name)
        if known is None:
            known = frozenset(_closure(name, self._neighbours))
            self._classes.update(dict.fromkeys(known, known))
        return known

    def _neighbours(self, name: int) -> Iterator[int]:
        yield from self._into.get(name, ())
        yield from (alias.of for alias in self._out.get(name, ()))

    def _pairs_apart(self, name: int) -> list[frozenset[int]]:
        """Return the pairs in the equivalence class of `name` that are declared distinct at any time."""
        return [pair for pair in self._apart if pair <= self._equivalence_class(name)] if self._apart else []

    def _resolution(self, name: int, moment: int) -> _Resolution:
        """Return the resolution of `name` and its equivalence class at `moment`."""
        apart = [alias for pair in self._pairs_apart(name) for alias in self._apart[pair] if alias.start <= moment < alias.end]
        return _Resolution(self._out, self._uri, moment, apart)


class _Resolution:
    """The aliases in effect at one moment, after ranks and separations are applied."""

    def __init__(
        self, out: Mapping[int, Sequence[Alias]], uri: Callable[[int], str], moment: int, apart: Sequence[Alias]
    ) -> None:
        self._out, self._uri, self._moment = out, uri, moment
        self._apart = apart
        self._separated: frozenset[int] = frozenset()
        """Names whose aliases are ignored, because these would join them with an asset that they are declared distinct from."""
        while new := self._to_separate() - self._separated:
            self._separated |= new

    def _to_separate(self) -> frozenset[int]:
        """Return the names that still resolve to the asset that they are declared distinct from.

        Only a name whose aliases rank no higher than the separation is returned: of each pair the lower-ranked, or both if equal.
        """
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
        """Return the aliases of `name` that are in effect: those of the highest rank."""
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
        """Return the names on alias cycles through `name`, itself included: they are one asset."""
        reached = _closure(name, self._targets)
        return {each for each in reached if name in _closure(each, self._targets)}

    def ends(self, name: int, visited: frozenset[int] = frozenset()) -> tuple[int, ...]:
        """Return the assets that aliases from `name`, or from its cycle, end at; the cycle itself is not among them."""
        cycle = self._cycle(name)
        further = {target for each in cycle for target in self._targets(each)} - cycle - visited
        return tuple(sorted({self.canonical(target, visited | cycle) for target in further}, key=self._uri))

    def canonical(self, name: int, visited: frozenset[int] = frozenset()) -> int:
        """Return the asset that `name` resolves to."""
        ends = self.ends(name, visited)
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
    """Split an edge's interval where an end resolves to another asset; yield (source, target, start, end) of each piece.

    A piece whose ends resolve to one asset is left out, unless the edge is a loop: a rename must not make an edge from an asset
    to itself.
    """
    if not (aliases.is_alias(source) or aliases.is_alias(target)):
        yield source, target, start, end
        return
    for left in aliases.segments(source):
        for right in aliases.segments(target):
            begins, ends = max(start, left.start, right.start), min(end, left.end, right.end)
            if begins < ends and (left.asset != right.asset or source == target):
                yield left.asset, right.asset, begins, ends
