"""What an engine is, and the documents that engines other than mlgraph index: made from the same facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from benchmarks.discovery.fact_builder import Fact
from benchmarks.discovery.search_queries import LIMIT, Found
from benchmarks.discovery.vocabulary import words
from mlgraph.domain.naming.systems import platform_of
from mlgraph.domain.uri import AssetUri

NO_FILTERS: Final[Mapping[str, str]] = {}


class SearchEngine(Protocol):
    """Searches one catalogue."""

    name: str

    def search(self, text: str, *, limit: int = LIMIT, prefix: bool = False, filters: Mapping[str, str] = NO_FILTERS) -> Found:
        """Return the first `limit` hits. `prefix`: the last word is being typed."""

    def close(self) -> None:
        """Release what the engine holds."""


@dataclass(frozen=True, slots=True)
class CatalogueDocument:
    """An asset as other engines index it. Names are split at case changes, digits and separators, which they do not do."""

    uri: str
    kind: str
    name: str
    path: str
    name_words: str
    columns: str
    description: str
    owners: tuple[str, ...]
    tags: tuple[str, ...]
    platform: str

    @property
    def text(self) -> str:
        """Return all its words."""
        return f"{self.name_words} {self.description} {self.columns}"


def documents(facts: Iterable[Fact]) -> Iterator[CatalogueDocument]:
    """Yield the documents of the assets among `facts`."""
    for fact in facts:
        if "asset" in fact:
            yield _document(fact["asset"])


def _document(asset: Fact) -> CatalogueDocument:
    uri = AssetUri.parse(asset["uri"])
    name = asset.get("name", uri.name)
    schema = asset.get("properties", {}).get("schema", [])
    return CatalogueDocument(
        uri=asset["uri"],
        kind=uri.kind,
        name=name,
        path=uri.name,
        name_words=" ".join([*words(name), *(words(uri.name) if uri.name != name else ())]),
        columns=" ".join(word for column in schema for word in words(column["name"])),
        description=asset.get("description", ""),
        owners=tuple(asset.get("owners", ())),
        tags=tuple(asset.get("tags", ())),
        platform=platform_of(uri.namespace) or "",
    )


def texts_of(facts: Iterable[Fact]) -> dict[str, list[str]]:
    """Return the texts of each asset in which a phrase may stand: names, description, columns."""
    found = {}
    for fact in facts:
        if "asset" in fact:
            asset = fact["asset"]
            uri = AssetUri.parse(asset["uri"])
            columns = [column["name"] for column in asset.get("properties", {}).get("schema", [])]
            listed = [asset.get("name", ""), uri.name, asset.get("description", ""), *columns]
            found[asset["uri"]] = [text for name in listed for text in (name, " ".join(words(name)))]
    return found
