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
from typing import Final, NamedTuple

from mlgraph.domain.timestamps import FOREVER
from mlgraph.graph.model.claims import Alias, Claims, Resolution, ambiguous_spans, claims_within, resolve_directly
from mlgraph.graph.model.spans import Spans, covers, union

BEGINNING: Final = -(2**63)
"""The start of time: earlier than every moment."""


class ResolvedInterval(NamedTuple):
    """The asset that a name resolves to during [start, end)."""

    start: int
    end: int
    asset: int


class AmbiguousName(NamedTuple):
    """A name with aliases to several assets throughout [start, end); `assets`, by URI, claimed it at some moment of it."""

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
        self._into: dict[int, list[Alias]] = defaultdict(list)
        self._apart: dict[frozenset[int], list[Alias]] = defaultdict(list)
        self._apart_of: dict[int, list[Alias]] = defaultdict(list)
        for alias in aliases:
            if alias.start >= alias.end or alias.name == alias.of:
                continue
            if alias.apart:
                self._apart[frozenset((alias.name, alias.of))].append(alias)
                self._apart_of[alias.name].append(alias)
                self._apart_of[alias.of].append(alias)
            else:
                self._out[alias.name].append(alias)
                self._into[alias.of].append(alias)
        self._segments: dict[int, tuple[ResolvedInterval, ...]] = {}
        self._resolutions: dict[int, Resolution] = {}
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
            known = self._segments[asset] = tuple(self._without_gaps(asset))
        return known

    def as_one(self, name: int, other: int) -> Spans:
        """Return when both names resolve to the same asset."""
        return union(
            (max(left.start, right.start), min(left.end, right.end))
            for left in self.segments(name)
            for right in self.segments(other)
            if left.asset == right.asset
        )

    def claims(self, name: int) -> Claims:
        """Return the claims on `name`: of which assets it is reported to be a name while these are several."""
        return self._resolution_of(name).claims if name in self._out else {}

    def claims_of(self, asset: int) -> dict[int, Mapping[int, Spans]]:
        """Return the claims of `asset`, by name and origin."""
        return {name: claims[asset] for name in self.names_of(asset) if asset in (claims := self.claims(name))}

    def claimants_at(self, name: int, moment: int) -> list[int]:
        """Return the assets that claim `name` at `moment`, by URI; empty if the name is not ambiguous then."""
        return sorted(
            (
                asset
                for asset, by_origin in self.claims(name).items()
                if any(covers(spans, moment) for spans in by_origin.values())
            ),
            key=self._uri,
        )

    def names_of(self, asset: int) -> set[int]:
        """Return `asset` and all names with a chain of aliases to it, at any time."""
        return _closure(asset, lambda name: (alias.name for alias in self._into.get(name, ())))

    def targets_of(self, asset: int) -> set[int]:
        """Return `asset` and all names that it has a chain of aliases to, at any time."""
        return _closure(asset, lambda name: (alias.of for alias in self._out.get(name, ())))

    def names_affected_by(self, name: int) -> Collection[int]:
        """Return the names, `name` included, whose resolution may change when the aliases of `name` change."""
        return self._equivalence_class(name) | self.names_of(name) if self._apart else self.names_of(name)

    def asserted_of(self, asset: int) -> list[Alias]:
        """Return the aliases and separations that `asset` is an end of, in order of time."""
        asserted = [*self._out.get(asset, ()), *self._into.get(asset, ()), *self._apart_of.get(asset, ())]
        return sorted(asserted, key=lambda alias: (alias.start, self._uri(alias.name), self._uri(alias.of)))

    def renamed_to(self, asset: int, moment: int) -> int | None:
        """Return the name that first becomes an alias of `asset` after `moment`, None if there is none.

        An alias without effect, because a separation overrides it, does not count.
        """
        later = [
            alias
            for alias in self._into.get(asset, ())
            if alias.start > moment and self.at(alias.name, alias.start) == self.at(asset, alias.start)
        ]
        return min(later, key=lambda alias: (alias.start, self._uri(alias.name))).name if later else None

    def names_at(self, asset: int, moment: int) -> list[int]:
        """Return the names that resolve to `asset` at `moment`: first itself, if it does, then the others by URI."""
        names = sorted(self.names_of(asset) - {asset}, key=self._uri)
        return [name for name in (asset, *names) if self.at(name, moment) == asset]

    def ambiguities(self) -> list[AmbiguousName]:
        """Return every name that has or had aliases to several assets at once, by URI and time."""
        found: list[AmbiguousName] = []
        for name in self._out:
            claims = self.claims(name)
            for start, end in ambiguous_spans(claims):
                assets = (
                    asset
                    for asset, by_origin in claims.items()
                    if any(since < end and start < until for spans in by_origin.values() for since, until in spans)
                )
                found.append(AmbiguousName(name, tuple(sorted(assets, key=self._uri)), start, end))
        return sorted(found, key=lambda each: (self._uri(each.name), each.start))

    def _without_gaps(self, asset: int) -> Iterator[ResolvedInterval]:
        """Yield the resolutions of `asset`, which has aliases, over all time; adjoining ones to one asset are joined."""
        last = ResolvedInterval(BEGINNING, BEGINNING, asset)
        for start, end, other in (*self._resolution_of(asset).others, (FOREVER, FOREVER, asset)):
            for begins, ends, resolved in ((last.end, start, asset), (start, end, other)):
                if begins == ends:
                    continue
                if last.asset == resolved:
                    last = last._replace(end=ends)
                    continue
                if last.start < last.end:
                    yield last
                last = ResolvedInterval(begins, ends, resolved)
        yield last

    def _resolution_of(self, name: int) -> Resolution:
        known = self._resolutions.get(name)
        if known is None:
            apart = self._apart_of.get(name, ())
            ends = {alias.of for alias in self._out[name]} | {end for alias in apart for end in (alias.name, alias.of)} - {name}
            if any(end in self._out for end in ends):
                known = self._moment_by_moment(name)
            else:
                known = resolve_directly(self._out[name], apart)
            self._resolutions[name] = known
        return known

    def _moment_by_moment(self, name: int) -> Resolution:
        """Resolve a name of which an alias leads to a name that has aliases too."""
        others: list[tuple[int, int, int]] = []
        reported: dict[int, dict[int, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
        ambiguous: list[tuple[int, int]] = []
        for start, end in self._pieces(name):
            valid = self._valid_aliases(name, start)
            asset = valid.canonical(name)
            if asset != name:
                others.append((start, end, asset))
            if len(valid.ends(name)) > 1:
                ambiguous.append((start, end))
                for claimant, origin in valid.claims(name):
                    reported[claimant][origin].append((start, end))
        return Resolution(others, claims_within(reported, union(ambiguous)))

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
        yield from (alias.name for alias in self._into.get(name, ()))
        yield from (alias.of for alias in self._out.get(name, ()))

    def _pairs_apart(self, name: int) -> list[frozenset[int]]:
        """Return the pairs in the equivalence class of `name` that are declared distinct at any time."""
        return [pair for pair in self._apart if pair <= self._equivalence_class(name)] if self._apart else []

    def _valid_aliases(self, name: int, moment: int) -> _ValidAliases:
        """Return the aliases of the equivalence class of `name` in effect at `moment`."""
        apart = [alias for pair in self._pairs_apart(name) for alias in self._apart[pair] if alias.start <= moment < alias.end]
        return _ValidAliases(self._out, self._uri, moment, apart)


class _ValidAliases:
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

    def claims(self, name: int) -> set[tuple[int, int]]:
        """Return (asset, origin) for each alias from `name`, or from its cycle, to an asset at which it ends."""
        cycle = self._cycle(name)
        leading = [alias for each in cycle for alias in self._prevailing(each) if alias.of not in cycle]
        return {(self.canonical(alias.of, frozenset(cycle)), alias.origin) for alias in leading}

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
