"""Reasons in words: what each signal of a pair is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from mlgraph.search.similarity.columns import matches
from mlgraph.search.similarity.scoring import PRIOR, Contribution
from mlgraph.search.similarity.signals import slices_of
from mlgraph.search.similarity.subjects import Context, Subject

_LISTED: Final = 3

NameOf = Callable[[int], str]
"""Returns the name of an asset."""


class Reasons:
    """The reasons for the score of one pair."""

    def __init__(self, query: Subject, other: Subject, context: Context, name_of: NameOf) -> None:
        self._query, self._other = query, other
        self._context = context
        self._name_of = name_of

    def text(self, each: Contribution) -> str:
        """Return in words what a contribution rests on."""
        words: dict[str, Callable[[float], str]] = {
            "name": lambda _: f"both names have {self._shared_words(self._query.profile.name, self._other.profile.name)}",
            "text": self._text,
            "columns": lambda _: self._columns(),
            "sources": lambda _: f"both come from {self._named(self._query.leaves & self._other.leaves)}",
            "inputs": lambda _: f"both read {self._named(self._query.inputs & self._other.inputs)} directly",
            "analogues": lambda _: "made from other data, there are assets like the one that are like the other",
            "metrics": lambda _: f"both are measured by {self._column_names(self._query.metrics & self._other.metrics)}",
            "neighbours": self._neighbours,
            "other_data": lambda _: self._other_data(),
            "other_slice": lambda _: self._other_slice(),
            PRIOR: lambda _: "of all pairs of assets, few are duplicates",
        }
        return words[each.signal](each.value)

    def _shared_words(self, mine: Sequence[int], theirs: Sequence[int]) -> str:
        context, vocabulary = self._context, self._context.vocabulary
        shared = set(vocabulary.concepts_of(mine)) & set(vocabulary.concepts_of(theirs))
        rarest = sorted(shared, key=lambda concept: (-context.rarities[concept], concept))
        first = {vocabulary.concepts[number]: vocabulary.words[number] for number in reversed(theirs)}
        return _listed([first[concept] for concept in rarest])

    def _text(self, _: float) -> str:
        mine, theirs = self._query.profile, self._other.profile
        shared = self._shared_words((*mine.name, *mine.text), (*theirs.name, *theirs.text))
        return f"the descriptions mean much the same{f': both speak of {shared}' if shared else ''}"

    def _columns(self) -> str:
        mine, theirs = self._query.profile, self._other.profile
        table, assets = self._context.columns, self._context.assets_with_columns
        found = matches(mine, theirs, table, assets)
        reworded = [each for each in found if each.mine != each.theirs]
        reworded.sort(key=lambda each: (table.frequencies[each.mine], each.mine))
        pairs = [f"{table.names[each.mine]} is {table.names[each.theirs]}" for each in reworded]
        counted = f"{len(found)} of {len(mine.columns)} columns match by meaning"
        return f"{counted} ({_listed(pairs)})" if pairs else counted

    def _column_names(self, columns: Iterable[int]) -> str:
        return _listed(sorted(self._context.columns.names[column] for column in columns))

    def _named(self, assets: Iterable[int]) -> str:
        rarest = sorted(assets, key=lambda asset: (-self._context.sources[asset], asset))
        return _listed([self._name_of(asset) for asset in rarest])

    def _neighbours(self, value: float) -> str:
        items = len(self._query.profile.neighbours.keys() & self._other.profile.neighbours.keys())
        return f"{10 * value:.1f} of the 10 nearest neighbours of an item are the same, over {items} items"

    def _other_data(self) -> str:
        mine, theirs = self._query.leaves - self._other.leaves, self._other.leaves - self._query.leaves
        return f"made from other data: one from {self._named(mine) or 'less'}, the other from {self._named(theirs) or 'less'}"

    def _other_slice(self) -> str:
        mine, theirs = (slices_of(each.profile, self._context.vocabulary) for each in (self._query, self._other))
        words = self._context.vocabulary.words
        for kind in sorted(mine.keys() | theirs.keys()):
            left, right = mine.get(kind, frozenset()), theirs.get(kind, frozenset())
            if left != right:
                named = [_listed(sorted(words[number] for number in each)) or "none" for each in (left, right)]
                return f"for other slices of the data: {named[0]} and {named[1]}"
        return "worded alike but for what they are about, as assets made from one template are"


def _listed(names: Sequence[str]) -> str:
    """Return names as in a sentence: at most `_LISTED`, and how many more there are."""
    shown = list(names[:_LISTED])
    if len(names) > _LISTED:
        return f"{', '.join(shown)} and {len(names) - _LISTED} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
