"""Building of search documents from the facts of the store: a document is a function of the facts about its asset."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from mlgraph.domain.curation.merging import effective_owners, is_deprecated, successor_of
from mlgraph.domain.facts import Contact
from mlgraph.domain.history import (
    CURATED_ORIGIN,
    AssetInterval,
    AssetRecord,
    asset_intervals,
    curated_at,
    deleted_at,
    state_at,
)
from mlgraph.domain.naming.systems import platform_of
from mlgraph.domain.payloads.schema_fields import schema_fields
from mlgraph.domain.timestamps import FOREVER
from mlgraph.domain.uri import AssetUri, field_of_column
from mlgraph.domain.vocabulary import KIND_NAMES, KINDS
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.traversal.teams import Teams
from mlgraph.ports.store import FactReader
from mlgraph.search.documents import (
    MAX_COLUMN_TEXT_CHARS,
    MAX_COLUMNS,
    MAX_DESCRIPTION_CHARS,
    SearchDocument,
    property_texts,
)
from mlgraph.search.prior import prior_of
from mlgraph.services.history.asserted_facts import by_asset, records_of
from mlgraph.services.history.display_attributes import open_owners
from mlgraph.services.history.environments import environments_in
from mlgraph.services.search.graph_priors import GraphPriors

LAST_MOMENT: Final = FOREVER - 1
NOT_INDEXED: Final = frozenset(KINDS[name].code for name in ("run", "column"))
"""Kinds without a document: a column is found through its dataset; runs are too many, and found through their workflow."""
_PERSON, _TEAM, _DATASET = (KINDS[name].code for name in ("person", "team", "dataset"))
_DAY_US: Final = 86_400_000_000
_NO_STATE: Final[Mapping[str, Any]] = {}


@dataclass(frozen=True, slots=True)
class _Facts:
    """What was read of some assets: names, records, states as intervals, owners, contacts and columns, by asset."""

    names: Mapping[int, list[int]]
    records: Mapping[int, list[AssetRecord]]
    intervals: Mapping[int, list[AssetInterval]]
    owners: Mapping[int, list[str]]
    owner_names: Mapping[str, str]
    contacts: Mapping[int, Contact]
    columns: Mapping[int, Sequence[int]]


class DocumentBuilder:
    """Builds the documents of assets as of a graph version."""

    def __init__(self, reader: FactReader, graph: GraphVersion, priors: GraphPriors | None = None) -> None:
        """Read facts up to the watermark of `graph`."""
        self._priors = priors or GraphPriors()
        self._reader = reader.at(graph.watermark)
        self._graph = graph
        self._teams = Teams(graph, LAST_MOMENT)
        self._team_names: dict[str, str] = {}

    def is_indexed(self, asset: int) -> bool:
        """Return whether an asset has a document: it is of a kind that is searched for, and no other name of another asset."""
        index = self._graph.asset_index
        return index.kind(asset) not in NOT_INDEXED and self._graph.aliases.at(asset, LAST_MOMENT) == asset

    def documents(self, assets: Iterable[int]) -> list[SearchDocument]:
        """Return the documents of those of `assets` that have one."""
        chosen = [asset for asset in assets if self.is_indexed(asset)]
        if not chosen:
            return []
        facts = self._read(chosen)
        numbered = self._teams.of(chosen)
        teams = {asset: numbered.uri(place) for place, asset in enumerate(chosen)}
        intervals = facts.intervals
        environments = environments_in(self._reader, intervals)
        parts = self._priors.of(self._graph, np.array(chosen, np.int32)).tolist()
        return [
            self._document(facts, asset, intervals[asset], teams.get(asset), environments.get(asset), part)
            for asset, part in zip(chosen, parts, strict=True)
        ]

    def _read(self, assets: Collection[int]) -> _Facts:
        graph, index = self._graph, self._graph.asset_index
        names = {asset: graph.aliases.names_at(asset, LAST_MOMENT) or [asset] for asset in assets}
        every = {name for listed in names.values() for name in listed}
        columns = {
            asset: [column for name in names[asset] for column in index.columns_of(name)]
            for asset in assets
            if index.kind(asset) == _DATASET
        }
        listed_columns = [column for each in columns.values() for column in each]
        records = by_asset(records_of(self._reader, every | {*listed_columns}))
        owned = open_owners(self._reader, every, index)
        intervals = {asset: asset_intervals(self._merged(records, listed)) for asset, listed in names.items()}
        owners = {
            asset: _owners(intervals[asset], (uri for name in listed for uri in owned.get(name, ())))
            for asset, listed in names.items()
        }
        people = [asset for asset in assets if index.kind(asset) == _PERSON]
        owner_names, contacts = self._contacts({uri for uris in owners.values() for uri in uris}, people)
        return _Facts(names, records, intervals, owners, owner_names, contacts, columns)

    @staticmethod
    def _merged(records: Mapping[int, list[AssetRecord]], names: Iterable[int]) -> list[AssetRecord]:
        return [record for name in names for record in records.get(name, ())]

    def _records(self, facts: _Facts, asset: int) -> list[AssetRecord]:
        return self._merged(facts.records, facts.names[asset])

    def _contacts(self, owners: Collection[str], people: Collection[int]) -> tuple[dict[str, str], Mapping[int, Contact]]:
        """Return the names of owners by URI, and the contacts of people."""
        index = self._graph.asset_index
        numbers = {uri: number for uri in owners if (number := index.number(uri)) is not None}
        contacts = self._reader.contacts({*numbers.values(), *people})
        names = {}
        for uri in owners:
            number = numbers.get(uri)
            contact = contacts.get(number) if number is not None else None
            if contact is not None:
                names[uri] = contact.name or ""
            else:
                names[uri] = index.name(number) if number is not None else AssetUri.parse(uri).name
        return names, contacts

    def _document(
        self, facts: _Facts, asset: int, intervals: Sequence[AssetInterval], team: str | None, environment: str | None, part: int
    ) -> SearchDocument:
        """Return the document of an asset; `part` is the part of its prior that comes from the graph."""
        index = self._graph.asset_index
        uri = AssetUri.parse(index.uri(asset))
        records = self._records(facts, asset)
        is_deleted = deleted_at(records, LAST_MOMENT) is not None
        state = (_last_state(intervals) if is_deleted else state_at(intervals, LAST_MOMENT)) or _NO_STATE
        properties: Mapping[str, Any] = state.get("properties") or _NO_STATE
        contact = facts.contacts.get(asset)
        name = (contact.name if contact is not None else _text(state.get("name"))) or uri.name
        uris = tuple(index.uri(each) for each in facts.names[asset])
        columns = self._columns(facts, asset, properties.get("schema"))
        deprecated, successor = is_deprecated(state), successor_of(state)
        return SearchDocument(
            asset=asset,
            uri=str(uri),
            kind=KIND_NAMES[index.kind(asset)],
            namespace=uri.namespace,
            name=name,
            names=tuple(dict.fromkeys(AssetUri.parse(each).name for each in uris)),
            uris=uris,
            description=_text(state.get("description"))[:MAX_DESCRIPTION_CHARS],
            owners=tuple((owner, facts.owner_names.get(owner, "")) for owner in facts.owners[asset]),
            team=team,
            team_name=self._name_of(team),
            tags=tuple(tag for tag in state.get("tags") or () if isinstance(tag, str)),
            columns=tuple(columns[:MAX_COLUMNS]),
            columns_total=len(columns),
            texts=property_texts(properties),
            platform=platform_of(uri.namespace),
            environment=environment,
            state="deleted" if is_deleted else "deprecated" if deprecated else "live",
            successor=successor,
            successor_asset=(index.number(successor) or 0) if successor is not None and deprecated else 0,
            changed_day=max(0, max((each.start for each in intervals), default=0) // _DAY_US),
            graph_prior=0 if is_deleted else part,
            prior=prior_of(part, has_owner=bool(facts.owners[asset]), is_deprecated=is_deleted or deprecated),
        )

    def _name_of(self, team: str | None) -> str:
        if team is None:
            return ""
        if team not in self._team_names:  # a look-up by URI costs as much as the words of a document
            number = self._graph.asset_index.number(team)
            self._team_names[team] = AssetUri.parse(team).name if number is None else self._graph.asset_index.name(number)
        return self._team_names[team]

    def _columns(self, facts: _Facts, asset: int, schema: object) -> list[tuple[str, str]]:
        """Return the columns of a dataset with their descriptions: those of its schema in order, then the others by name."""
        found = {path: _text(each.get("description"))[:MAX_COLUMN_TEXT_CHARS] for path, each in schema_fields(schema).items()}
        others: dict[str, str] = {}
        for column in facts.columns.get(asset, ()):
            name = field_of_column(AssetUri.parse(self._graph.asset_index.uri(column)))
            state = state_at(asset_intervals(facts.records.get(column, ())), LAST_MOMENT) or _NO_STATE
            described = _text(state.get("description"))[:MAX_COLUMN_TEXT_CHARS]
            if name in found:
                found[name] = described or found[name]
            elif name:
                others[name] = described or others.get(name, "")
        return [*found.items(), *sorted(others.items())]


def _last_state(intervals: Sequence[AssetInterval]) -> dict[str, Any] | None:
    """Return the state that a deleted asset had before its end."""
    end = max((interval.end for interval in intervals if interval.origin != CURATED_ORIGIN), default=0)
    return state_at(intervals, end - 1)


def _owners(intervals: Sequence[AssetInterval], owned_by: Iterable[str]) -> list[str]:
    """Return the owners of an asset, given those that edges name."""
    state = state_at(intervals, LAST_MOMENT) or _NO_STATE
    return effective_owners(state, curated_at(intervals, LAST_MOMENT), owned_by)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
