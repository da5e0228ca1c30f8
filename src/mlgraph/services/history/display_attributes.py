"""Display attributes of assets for answers: the current name, owners and state."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from mlgraph.domain.curation.merging import effective_owners
from mlgraph.domain.facts import Contact, Mode
from mlgraph.domain.history import (
    CURATED_ORIGIN,
    AssetRecord,
    RunOutcome,
    asset_intervals,
    curated_at,
    deleted_at,
    is_finished,
    merge,
    run_outcome,
    state_at,
)
from mlgraph.domain.timestamps import FOREVER
from mlgraph.domain.vocabulary import RELATIONS
from mlgraph.graph.csr.asset_index import AssetIndex, DisplayAttributes
from mlgraph.graph.model.rows import RUN
from mlgraph.ports.store import GroupReader
from mlgraph.services.history.asserted_facts import asserted_intervals, by_asset, records_of
from mlgraph.services.history.group_histories import Histories

OWNED_BY: Final = RELATIONS["owned_by"].code
_LAST_MOMENT: Final = FOREVER - 1


class DisplayAttributesUpdater:
    """Updates the display attributes in the asset index.

    Patches of a single origin that arrive in order are applied one by one. Without this, each run that mentions a dataset would
    read all earlier records of the dataset again.
    """

    def __init__(self, asset_index: AssetIndex, histories: Histories) -> None:
        self._registry = asset_index
        self._histories = histories
        self._patched_upto: dict[int, tuple[int, int]] = {}
        """Of assets with one origin and no retraction: the origin, and the start of its latest state."""

    def adopt_caches(self, other: DisplayAttributesUpdater, assets: Iterable[int]) -> None:
        """Take over the state of `other`, which has the same store and watermark, and its attributes of these assets."""
        self._patched_upto = other._patched_upto
        for asset in assets:
            if (attributes := other._registry.display_attributes(asset)) is not None:
                self._registry.set_display_attributes(asset, attributes)

    def refresh(self, assets: Collection[int], after: int, upto: int) -> None:
        """Update the attributes of `assets` with the transactions after `after`, up to `upto`."""
        fresh = by_asset(self._histories.reader.asset_records_in(assets, after, upto))
        self._rebuild([asset for asset in assets if not self._patch(asset, fresh.get(asset, ()))])

    def _patch(self, asset: int, records: Sequence[AssetRecord]) -> bool:
        """Apply `records` as patches, if they follow the latest one in order; return whether they were applied."""
        known, attributes = self._patched_upto.get(asset), self._registry.display_attributes(asset)
        if known is None or attributes is None or not records:
            return False
        origin, moment = known
        for record in sorted(records, key=lambda record: record.valid_from):
            if record.mode != Mode.PATCH or record.origin != origin or record.valid_from <= moment or "owners" in record.state:
                return False
            properties = record.state.get("properties") or {}
            attributes = attributes._replace(
                name=record.state.get("name", attributes.name),
                finished=attributes.finished or is_finished(properties),
                state=_run_state(merge({"state": attributes.state}, properties)),
            )
            moment = record.valid_from
        self._registry.set_display_attributes(asset, attributes)
        self._patched_upto[asset] = (origin, moment)
        return True

    def _rebuild(self, assets: Collection[int]) -> None:
        if not assets:
            return
        names = {asset: self._names_of(asset) for asset in assets}
        every = {name for listed in names.values() for name in listed}
        records_by_name = by_asset(records_of(self._histories.reader, every))
        owned = open_owners(self._histories.reader, every, self._registry)
        contacts = self._histories.reader.contacts(assets)
        for asset in assets:
            records = [record for name in names[asset] for record in records_by_name.get(name, ())]
            owners = {owner for name in names[asset] for owner in owned[name]}
            outcome = run_outcome(records) if self._registry.kind(asset) == RUN else None
            self._registry.set_display_attributes(asset, display_attributes_of(records, owners, contacts.get(asset), outcome))
            self._note_order(asset, records, has_other_names=asset in contacts or len(names[asset]) > 1)

    def _names_of(self, asset: int) -> list[int]:
        """Return the current names of `asset`, its own first."""
        return self._histories.aliases.names_at(asset, _LAST_MOMENT) or [asset]

    def _note_order(self, asset: int, records: Sequence[AssetRecord], *, has_other_names: bool) -> None:
        origins = {record.origin for record in records}
        if len(origins) == 1 and not has_other_names and all(record.mode != Mode.RETRACT for record in records):
            self._patched_upto[asset] = (origins.pop(), max(record.valid_from for record in records))
        else:
            self._patched_upto.pop(asset, None)


def open_owners(reader: GroupReader, assets: Collection[int], asset_index: AssetIndex) -> dict[int, set[str]]:
    """Return the owners of `assets` by open `owned_by` edges, by asset."""
    owned: dict[int, set[str]] = defaultdict(set)
    for interval in asserted_intervals(reader, reader.edges_from(assets, (OWNED_BY,))):
        if interval.end == FOREVER:
            owned[interval.record.source].add(asset_index.uri(interval.record.target))
    return owned


def display_attributes_of(
    records: Sequence[AssetRecord], owned_by: Iterable[str], contact: Contact | None, outcome: RunOutcome | None
) -> DisplayAttributes:
    """Return the display attributes of an asset from its records, its owners by open edges, and its contact if it is a person.

    `outcome`: how the asset ended, if it is a run.
    """
    curated: Mapping[str, Any] = {}
    if len(records) == 1 and records[0].mode != Mode.RETRACT and records[0].origin != CURATED_ORIGIN:
        state: Mapping[str, Any] = records[0].state
    else:
        intervals = asset_intervals(records)
        state, curated = state_at(intervals, _LAST_MOMENT) or {}, curated_at(intervals, _LAST_MOMENT)
    properties = state.get("properties") or {}
    finished = is_finished(properties) if outcome is None else outcome.ended_at is not None
    is_retracted = any(record.mode == Mode.RETRACT for record in records)
    deleted = len(records) != 1 and is_retracted and deleted_at(records, _LAST_MOMENT) is not None
    name = contact.name if contact is not None else state.get("name")
    owners = effective_owners(state, curated, owned_by)
    return DisplayAttributes(name, tuple(owners), finished or deleted, _run_state(properties), deleted)


def _run_state(properties: dict[str, Any]) -> str | None:
    state = properties.get("state")
    return state.lower() if isinstance(state, str) else None
