"""mlgraph's search without a server: documents of generated facts in an index of its own, ranked in this process.

Priors from the graph are left out, so checks of use (twins) need the server. A catalogue of 8,000 assets is indexed in seconds.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks.discovery.engines.base import NO_FILTERS
from benchmarks.discovery.fact_builder import Fact
from benchmarks.discovery.search_queries import LIMIT, Found, SearchHit
from mlgraph.domain.curation.merging import is_deprecated, successor_of
from mlgraph.domain.naming.systems import platform_of
from mlgraph.domain.payloads.schema_fields import schema_fields
from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import KINDS
from mlgraph.ports.search_index import IndexState
from mlgraph.search.documents import SearchDocument, property_texts
from mlgraph.search.prior import prior_of
from mlgraph.search.query_text import parse_query
from mlgraph.services.search.document_builder import NOT_INDEXED
from mlgraph.services.search.projection import written
from mlgraph.services.search.ranking import CURRENT, Ranker, Ranking
from mlgraph.stores.search_index.search_files import SearchFiles

_SELECTION: Final = {"state": CURRENT}


class SearchInProcess:
    """The index of a catalogue in a temporary folder."""

    name = "mlgraph"

    def __init__(self, facts: Iterable[Fact]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="mlgraph-search-")
        self._files = SearchFiles(Path(self._folder.name))
        self._uris: list[str] = [""]
        states = [fact["asset"] for fact in facts if "asset" in fact]
        listed = [state for state in states if KINDS[AssetUri.parse(state["uri"]).kind].code not in NOT_INDEXED]
        numbers = {state["uri"]: number for number, state in enumerate(listed, 1)}
        self._uris += numbers
        self._files.begin_writing(from_scratch=True)
        self._files.put([written(_document(state, numbers)) for state in listed])
        self._files.commit(IndexState(1, "generated"))
        view = self._files.view()
        if view is None:
            raise RuntimeError(f"the index in {self._folder.name} was written and cannot be read")
        self.view = view

    def ranking(self, text: str, *, prefix: bool = False) -> Ranking:
        """Return the ranking of all current assets."""
        return Ranker(self.view, 0, self._uris.__getitem__).ranked(parse_query(text, prefix=prefix), _SELECTION)

    def search(self, text: str, *, limit: int = LIMIT, prefix: bool = False, filters: Mapping[str, str] = NO_FILTERS) -> Found:
        """Return the first hits and the total; filters are not supported."""
        del filters
        ranking = self.ranking(text, prefix=prefix)
        page = ranking.page(_SELECTION, 0, limit)
        hits = [SearchHit(body["uri"], body["name"]) for body in self.view.bodies(page)]
        return Found(hits, self.view.counts(ranking.matching, _SELECTION, 1).total)

    def uri(self, asset: int) -> str:
        """Return the URI of an asset by its number."""
        return self._uris[asset]

    def close(self) -> None:
        """Remove the index."""
        self._files.close()
        self._folder.cleanup()


def _document(state: Mapping[str, Any], numbers: Mapping[str, int]) -> SearchDocument:
    uri = AssetUri.parse(state["uri"])
    properties = state.get("properties", {})
    owners = state.get("owners", ())
    deprecated, successor = is_deprecated(state), successor_of(state)
    return SearchDocument(
        asset=numbers[state["uri"]],
        uri=state["uri"],
        kind=uri.kind,
        namespace=uri.namespace,
        name=state.get("name", uri.name),
        names=(uri.name,),
        uris=(state["uri"],),
        description=state.get("description", ""),
        owners=tuple((owner, AssetUri.parse(owner).name) for owner in owners),
        tags=tuple(state.get("tags", ())),
        columns=tuple((path, each.get("description") or "") for path, each in schema_fields(properties.get("schema")).items()),
        texts=property_texts(properties),
        platform=platform_of(uri.namespace),
        state="deprecated" if deprecated else "live",
        successor=successor,
        successor_asset=numbers.get(successor or "", 0) if deprecated else 0,
        prior=prior_of(0, has_owner=bool(owners), is_deprecated=deprecated),
    )
