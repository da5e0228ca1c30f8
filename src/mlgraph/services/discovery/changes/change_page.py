"""One page of the feed of changes, and the place at which it begins or ends."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Self

from mlgraph.domain.errors import InvalidInput
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.services.discovery.changes.recorded_changes import ALTERED, APPEARED, ENDED, RecordedChange

SortKey = tuple[int, bool, str, int, str, str, int]
"""The order of entries: the latest transaction first, assets before edges, then by URI."""
_CHANGES: Final = (APPEARED, ENDED, ALTERED)
_GREATEST: Final = 2**62
_CURSOR: Final = re.compile(
    r"([0-9]{1,19})\.([0-9]{1,19})\.([0-9]{1,19})\.([0-9]{1,19})"
    r"(?:\.([0-9]{1,10})\.([0-9]{1,3})\.([0-9]{1,10})\.([0-2])\.(-?[0-9]{1,19}))?\.([A-Za-z0-9_-]{12})",
    re.ASCII,
)


class EntryKey(NamedTuple):
    """An entry of the transaction `FeedPlace.upto`: the numbers of its assets and relation (0: no edge), its change, its time."""

    asset: int
    relation: int
    target: int
    change: int
    valid_from: int


class FeedPlace(NamedTuple):
    """A place in the feed: what is of transactions after `upto` is before it, and so are entries of `upto` up to `key`.

    `after`: the transaction before the feed. `listed` entries and `runs` are before the place. `query` is the digest of the
    parameters.
    """

    upto: int
    after: int
    listed: int
    runs: int
    key: EntryKey | None
    query: str

    def encode(self) -> str:
        """Return the text that callers pass back: numbers, so that it is short however long the URIs are."""
        numbers = (self.upto, self.after, self.listed, self.runs, *(self.key or ()))
        return ".".join([*map(str, numbers), self.query])

    @classmethod
    def decode(cls, text: str, query: str) -> Self:
        """Return the place that `encode` wrote for the same `query`. Raises `InvalidInput` for any other text."""
        matched = _CURSOR.fullmatch(text)
        numbers = [] if matched is None else [int(number) for number in matched.groups()[:-1] if number is not None]
        if matched is None or max(numbers) >= _GREATEST:
            raise InvalidInput("not a cursor: pass the `frontier` of an earlier answer unchanged", pointer="cursor")
        if matched[10] != query:
            raise InvalidInput("the cursor is one of another query: only `limit` may differ between pages", pointer="cursor")
        upto, after, listed, runs, *rest = numbers
        return cls(upto, after, listed, runs, EntryKey(*rest) if rest else None, query)

    def sort_key(self, graph: GraphVersion) -> SortKey | None:
        """Return the key of the last entry before the place; None: the place is between transactions.

        Raises `InvalidInput` for assets that the graph does not have.
        """
        if self.key is None:
            return None
        if max(self.key.asset, self.key.target) >= len(graph.asset_index):
            raise InvalidInput("not a cursor of this store: omit it to start again", pointer="cursor")
        asset, relation, target, change, valid_from = self.key
        return sort_key(graph, RecordedChange(self.upto, asset, _CHANGES[change], valid_from, None, relation, target))


def sort_key(graph: GraphVersion, each: RecordedChange) -> SortKey:
    """Return the key by which entries are ordered."""
    uri, is_edge = graph.asset_index.uri, bool(each.relation)
    return (-each.tx, is_edge, uri(each.asset), each.relation, uri(each.target) if is_edge else "", each.change, -each.valid_from)


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Entries of the feed from `place` on: `rest` are all that were read, `listed` the first of them as JSON."""

    graph: GraphVersion
    moment: int
    """The time of the query, for which names, owners and teams are given."""
    since: int
    until: int
    place: FeedPlace
    rest: Sequence[RecordedChange]
    listed: Sequence[dict[str, Any]]
    read_to: int
    """The transaction after which everything was read; after `place.after` if there was too much."""
    runs: int
    """Runs about which something was recorded, on this page and the earlier ones."""

    @property
    def total(self) -> int:
        """The number of entries, those of earlier pages among them, as far as they were read."""
        return self.place.listed + len(self.rest)

    @property
    def is_complete(self) -> bool:
        """Whether everything in the range was read, so that `total` is exact."""
        return self.read_to <= self.place.after

    def following(self, returned: int) -> FeedPlace | None:
        """Return the place after the first `returned` entries; None at the end of the feed."""
        listed = self.place.listed + returned
        after = self.place._replace(listed=listed, runs=self.runs)
        if returned < len(self.rest):
            if not returned:
                return self.place
            last = self.rest[returned - 1]
            key = EntryKey(last.asset, last.relation, last.target, _CHANGES.index(last.change), last.valid_from)
            return after._replace(upto=last.tx, key=key)
        return None if self.is_complete else after._replace(upto=self.read_to, key=None)
