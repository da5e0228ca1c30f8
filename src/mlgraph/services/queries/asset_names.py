"""Names of assets as people write them, and the assets that they may mean (docs/naming.md#names-in-commands)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np

from mlgraph.domain import clock
from mlgraph.domain.errors import AmbiguousAsset, InvalidInput, MlgraphError, NotReadYet, UnknownAsset
from mlgraph.domain.naming.dataset_naming import canonical_dataset, dataset_uri_from_location
from mlgraph.domain.uri import SCHEME, AssetUri, column_uri
from mlgraph.domain.vocabulary import KIND_NAMES, KINDS
from mlgraph.graph.csr.name_lookup import NameLookup, NameMatch
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.csr.text.edit_distance import FAR, MOST_BYTES
from mlgraph.graph.model.rows import Bytes, Ints
from mlgraph.graph.traversal.name_resolution import resolved_assets
from mlgraph.ports.store import FactReader
from mlgraph.services.projection.log_follower import Follower
from mlgraph.services.queries.resolver import UNKNOWN_WAIT_S

MAX_NAME_CHARS: Final = 4096
MOST_MATCHES: Final = 50
"""Matches in an answer; more are counted."""
MOST_SIMILAR: Final = 5
_MOST_IN_ERROR: Final = 10
_MOST_SPLITS: Final = 12
"""Places at which a text may be divided into namespace and name: no naming convention has so many in its namespaces."""
_BOUNDS: Final = (2, 4)
"""Edit distances within which similar names are sought: within the greater one only if there are too few."""
_SMALL: Final = 20_000
"""Assets up to which an unknown name is compared with all names, however different they are."""
_HOW: Final = {NameMatch.NAME: "name", NameMatch.LAST_PART: "last_part", NameMatch.FIELD: "field"}

# Ranks, the most exact first. A name with its kind has the rank of the name without, moved to a range of its own.
_URI, _PAIR, _BY_KIND, _NAME = 0, 1, 10, 20


class _Matches(NamedTuple):
    """The assets that a name may mean, each once, by rank, then URI."""

    graph: GraphVersion
    assets: Ints
    ranks: Bytes

    @property
    def one(self) -> int | None:
        """The asset that the name means: the only one of its rank; None if there are several, or none."""
        if not len(self.assets) or (len(self.assets) > 1 and self.ranks[0] == self.ranks[1]):
            return None
        return int(self.assets[0])


class AssetNames:
    """Resolves names in the latest published graph. Thread-safe."""

    def __init__(self, reader: FactReader, follower: Follower) -> None:
        self._reader = reader
        self._follower = follower
        self._lookup: NameLookup | None = None
        self._lock = threading.Lock()

    def matches(self, name: str) -> dict[str, Any]:
        """Return the assets that a name may mean as JSON, the most exact first, then by URI.

        `uri` is the asset that it means, None if that is not certain. Without a match, `nearest` has assets with similar names.
        Raises `InvalidInput`, and `NotReadYet` if the graph lags behind the store.
        """
        text = _checked(name)
        found = self._matches(text)
        shown = range(min(len(found.assets), MOST_MATCHES))
        uri = found.graph.asset_index.uri
        return {
            "name": name,
            "uri": None if found.one is None else uri(found.one),
            "matches": [{**_asset(found.graph, int(found.assets[place])), **_how(int(found.ranks[place]))} for place in shown],
            "total": len(found.assets),
            "partial": len(found.assets) > MOST_MATCHES,
            "nearest": [] if len(found.assets) else self._nearest(found.graph, text),
            "watermark": found.graph.watermark,
        }

    def uri_of(self, name: str) -> str:
        """Return the URI of the asset that a name means; a text that begins with `mlg://` is returned unchanged.

        Raises `AmbiguousAsset` with the candidates, `UnknownAsset` with the most similar names, and what `matches` raises.
        """
        if name.startswith(SCHEME):
            return name
        text = _checked(name)
        found = self._matches(text)
        if found.one is not None:
            return found.graph.asset_index.uri(found.one)
        if len(found.assets):
            raise AmbiguousAsset(self._ambiguous_text(text, found))
        raise UnknownAsset(_unknown_text(text, self._nearest(found.graph, text)))

    def of_kind(self, graph: GraphVersion, name: str, kind: str) -> dict[int, bool]:
        """Return the assets of a kind that a name fits, each with whether it is the complete name, not only the end of it.

        Deleted assets are returned only if there are no others. A name that no asset can have fits none.
        """
        if not name.strip() or len(name) > MAX_NAME_CHARS or any("\ud800" <= char <= "\udfff" for char in name):
            return {}
        found = self._lookup_of(graph).find(name)
        chosen = graph.asset_index.kinds(found.assets) == KINDS[kind].code
        distinct = _distinct(graph, found.assets[chosen], found.match[chosen] % np.uint8(NameMatch.OTHER_CASE))
        return dict(zip(distinct.assets.tolist(), (distinct.ranks == NameMatch.NAME).tolist(), strict=True))

    def _matches(self, text: str) -> _Matches:
        graph = self._follower.snapshot()
        found = self._find(graph, text)
        if not len(found.assets) and (written := self._reader.last_tx()) > graph.watermark:
            try:
                self._follower.wait_for(written, UNKNOWN_WAIT_S)
            except NotReadYet:
                raise NotReadYet(
                    f"no asset in the graph has the name {text[:200]!r}, and the graph lags behind the store: it is at watermark "
                    f"{graph.watermark}, the store at {written}; try again"
                ) from None
            found = self._find(self._follower.snapshot(), text)
        return found

    def _find(self, graph: GraphVersion, text: str) -> _Matches:
        kind, rest = _kind_and_rest(text)
        parts = [_every(_URI, _known(graph, [text])), *self._named(graph, text, _NAME)]
        if kind is not None:
            code = KINDS[kind].code
            for assets, ranks in self._named(graph, rest, _BY_KIND):
                chosen = graph.asset_index.kinds(assets) == code
                parts.append((assets[chosen], ranks[chosen]))
        assets, ranks = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        return _distinct(graph, assets, ranks)

    def _named(self, graph: GraphVersion, text: str, first: int) -> Iterator[tuple[Ints, Bytes]]:
        """Yield (assets, ranks) of the assets of any kind that a text without a kind may mean; the ranks begin at `first`."""
        pair = _PAIR if first == _NAME else first
        yield _every(pair, _known(graph, _pairs(text)))
        lookup = self._lookup_of(graph)
        found = lookup.find(text)
        yield found.assets, found.match + np.uint8(first + 1)
        before, space, last = text.rpartition(" ")
        if space and before and last:  # "ranker 7", as people write a version
            found = lookup.find(f"{before}/{last}")
            chosen = np.isin(found.match, (NameMatch.NAME, NameMatch.NAME + NameMatch.OTHER_CASE))
            yield found.assets[chosen], found.match[chosen] + np.uint8(first + 1)

    def _lookup_of(self, graph: GraphVersion) -> NameLookup:
        with self._lock:
            if self._lookup is None or self._lookup.asset_index is not graph.asset_index:
                self._lookup = NameLookup(graph.asset_index)
            return self._lookup

    def _nearest(self, graph: GraphVersion, text: str) -> list[dict[str, Any]]:
        """Return the assets with the most similar names, by distance, then URI; of a text with a kind, assets of this kind."""
        kind, sought = _kind_and_rest(text)
        lookup, index = self._lookup_of(graph), graph.asset_index
        bounds = (*_BOUNDS, MOST_BYTES + len(sought)) if len(index) <= _SMALL else _BOUNDS
        found = _distinct(graph, np.zeros(0, np.int32), np.zeros(0, np.uint8))
        for bound in bounds:
            assets, far = lookup.similar(sought, min(bound, FAR - 1))
            chosen = ~index.deleted(assets)
            if kind is not None:
                chosen &= index.kinds(assets) == KINDS[kind].code
            found = _distinct(graph, assets[chosen], far[chosen])
            if len(found.assets) >= MOST_SIMILAR:
                break
        return [_asset(graph, asset) for asset in found.assets[:MOST_SIMILAR].tolist()]

    def _ambiguous_text(self, text: str, found: _Matches) -> str:
        count = int((found.ranks == found.ranks[0]).sum())
        uri = found.graph.asset_index.uri
        listed = ", ".join(uri(asset)[:300] for asset in found.assets[: min(count, _MOST_IN_ERROR)].tolist())
        more = f" and {count - _MOST_IN_ERROR} more" if count > _MOST_IN_ERROR else ""
        return f"{text[:200]!r} may mean {count} assets: {listed}{more}; give the URI, or KIND:NAME if the kinds differ"


def _checked(name: str) -> str:
    """Return the name without spaces around it. Raises `InvalidInput` for a text that cannot be a name."""
    text = name.strip()
    if not text:
        raise InvalidInput("a name must not be empty", pointer="name")
    if len(text) > MAX_NAME_CHARS:
        raise InvalidInput(f"a name of {len(text)} characters is over the limit of {MAX_NAME_CHARS}", pointer="name")
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise InvalidInput("the name has a lone surrogate, which no name has", pointer="name")
    return text


def _kind_and_rest(text: str) -> tuple[str | None, str]:
    kind, colon, rest = text.partition(":")
    return (kind, rest.strip()) if colon and rest.strip() and kind in KINDS else (None, text)


def _pairs(text: str) -> Iterator[str]:
    """Yield the URIs of all assets that the text may mean as namespace and name, or as the location of a dataset."""
    for namespace, name in _splits(text):
        try:
            parts = str(AssetUri("dataset", namespace, name)).removeprefix(f"{SCHEME}dataset")
        except MlgraphError:  # no URI has such parts
            continue
        yield from (f"{SCHEME}{kind}{parts}" for kind in KINDS)
    dataset, hash_mark, field = text.rpartition("#")
    for uri in _datasets_at(dataset if hash_mark else text):
        if not hash_mark:
            yield str(uri)
        elif field:
            yield str(column_uri(uri, field))


def _splits(text: str) -> Iterator[tuple[str, str]]:
    """Yield the namespaces and names, both not empty, that a text may consist of."""
    for place in [place for place, char in enumerate(text) if char in "/:"][:_MOST_SPLITS]:
        if 0 < place < len(text) - 1:
            yield text[:place], text[place + 1 :]
        if place > 0 and text[place] == "/":
            yield text[:place], text[place:]


def _datasets_at(text: str) -> Iterator[AssetUri]:
    """Yield the datasets, under their canonical names, that the text may mean in another spelling."""
    try:
        location = dataset_uri_from_location(text)
    except MlgraphError:
        location = None
    if location is not None:
        yield location
    for namespace, name in _splits(text):
        try:
            yield AssetUri("dataset", *canonical_dataset(namespace, name))
        except MlgraphError:
            continue


def _known(graph: GraphVersion, uris: Iterator[str] | list[str]) -> Ints:
    number = graph.asset_index.number
    return np.array([asset for uri in uris if (asset := number(uri)) is not None], np.int32)


def _every(rank: int, assets: Ints) -> tuple[Ints, Bytes]:
    return assets, np.full(len(assets), rank, np.uint8)


def _distinct(graph: GraphVersion, assets: Ints, ranks: Bytes) -> _Matches:
    """Return the assets that these names denote, each with its least rank; deleted ones only if there are no others."""
    index = graph.asset_index
    resolved = resolved_assets(graph, assets, clock.now_us())
    deleted = index.deleted(resolved)
    if not deleted.all():
        resolved, ranks = resolved[~deleted], ranks[~deleted]
    by_rank = np.argsort(ranks, kind="stable")
    distinct, first = np.unique(resolved[by_rank], return_index=True)
    least = ranks[by_rank][first]
    order = index.sort(distinct.astype(np.int32), least.astype(np.int32))
    return _Matches(graph, distinct[order].astype(np.int32), least[order])


def _asset(graph: GraphVersion, asset: int) -> dict[str, Any]:
    index = graph.asset_index
    return {"uri": index.uri(asset), "kind": KIND_NAMES[index.kind(asset)], "name": index.name(asset)}


def _how(rank: int) -> dict[str, Any]:
    if rank == _URI:
        return {"how": "uri", "same_case": True}
    if rank == _PAIR:
        return {"how": "pair", "same_case": True}
    match = (rank - (_BY_KIND if rank < _NAME else _NAME)) - 1
    other_case = match >= NameMatch.OTHER_CASE
    how = "kind_name" if rank < _NAME else _HOW[NameMatch(match - NameMatch.OTHER_CASE * other_case)]
    return {"how": how, "same_case": not other_case}


def _unknown_text(text: str, nearest: list[dict[str, Any]]) -> str:
    listed = ", ".join(f"{each['name'][:100]!r} ({each['uri'][:300]})" for each in nearest)
    similar = f"the most similar names are {listed}" if nearest else "no name is similar to it"
    return f"no asset has the name {text[:200]!r}; {similar}"
