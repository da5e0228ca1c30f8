"""What answers say of an asset beside its URI: its name, owners and state as they are now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from mlgraph.domain.facts import Contact, Mode
from mlgraph.domain.history import AssetRecord, RunOutcome, asset_intervals, deleted_at, is_finished, merge, run_outcome, state_at
from mlgraph.domain.times import FOREVER
from mlgraph.domain.vocabulary import RELATIONS
from mlgraph.graph.csr.registry import Card, Registry
from mlgraph.graph.model.rows import RUN
from mlgraph.ports.store import GroupReader
from mlgraph.services.history.facts_at import by_asset, records_of, told_intervals
from mlgraph.services.history.histories import Histories

OWNED_BY: Final = RELATIONS["owned_by"].code
_LAST_MOMENT: Final = FOREVER - 1


class Cards:
    """Keeps the cards in the registry current.

    An asset that one source tells of, in order, is followed patch by patch: a dataset that thousands of runs mention would cost
    more with every run if it were read from the beginning each time.
    """

    def __init__(self, registry: Registry, histories: Histories) -> None:
        self._registry = registry
        self._histories = histories
        self._told_upto: dict[int, tuple[int, int]] = {}
        """Of assets with one origin and no retraction: the origin, and the latest moment that it told of."""

    def take_over(self, other: Cards, assets: Iterable[int]) -> None:
        """Go on where `other` stands, which follows the same store and has read as far, with its cards of these assets."""
        self._told_upto = other._told_upto
        for asset in assets:
            if (card := other._registry.card(asset)) is not None:
                self._registry.set_card(asset, card)

    def refresh(self, assets: Collection[int], after: int, upto: int) -> None:
        """Bring the cards of `assets` up to date with what transactions after `after`, up to `upto`, say."""
        fresh = by_asset(self._histories.reader.asset_records_in(assets, after, upto))
        self._rebuild([asset for asset in assets if not self._patch(asset, fresh.get(asset, ()))])

    def _patch(self, asset: int, records: Sequence[AssetRecord]) -> bool:
        """Apply `records` to the card, if they go on where it stands; return whether they did."""
        known, card = self._told_upto.get(asset), self._registry.card(asset)
        if known is None or card is None or not records:
            return False
        origin, moment = known
        for record in sorted(records, key=lambda record: record.valid_from):
            if record.mode != Mode.PATCH or record.origin != origin or record.valid_from <= moment or "owners" in record.state:
                return False
            properties = record.state.get("properties") or {}
            card = replace(
                card,
                name=record.state.get("name", card.name),
                finished=card.finished or is_finished(properties),
                state=_word(merge({"state": card.state}, properties)),
            )
            moment = record.valid_from
        self._registry.set_card(asset, card)
        self._told_upto[asset] = (origin, moment)
        return True

    def _rebuild(self, assets: Collection[int]) -> None:
        if not assets:
            return
        names = {asset: self._names_of(asset) for asset in assets}
        every = {name for listed in names.values() for name in listed}
        said = by_asset(records_of(self._histories.reader, every))
        owned = owners_told(self._histories.reader, every, self._registry)
        contacts = self._histories.reader.contacts(assets)
        for asset in assets:
            records = [record for name in names[asset] for record in said.get(name, ())]
            owners = {owner for name in names[asset] for owner in owned[name]}
            outcome = run_outcome(records) if self._registry.kind(asset) == RUN else None
            self._registry.set_card(asset, card_of(records, owners, contacts.get(asset), outcome))
            self._note_order(asset, records, named_apart=asset in contacts or len(names[asset]) > 1)

    def _names_of(self, asset: int) -> list[int]:
        """Return the names that stand for `asset` now, itself first."""
        return self._histories.aliases.named(asset, _LAST_MOMENT) or [asset]

    def _note_order(self, asset: int, records: Sequence[AssetRecord], *, named_apart: bool) -> None:
        origins = {record.origin for record in records}
        if len(origins) == 1 and not named_apart and all(record.mode != Mode.RETRACT for record in records):
            self._told_upto[asset] = (origins.pop(), max(record.valid_from for record in records))
        else:
            self._told_upto.pop(asset, None)


def owners_told(reader: GroupReader, assets: Collection[int], registry: Registry) -> dict[int, set[str]]:
    """Return the owners of `assets` that edges name and that no end was told of, by asset."""
    owned: dict[int, set[str]] = defaultdict(set)
    for interval in told_intervals(reader, reader.edges_from(assets, (OWNED_BY,))):
        if interval.end == FOREVER:
            owned[interval.record.source].add(registry.uri(interval.record.target))
    return owned


def card_of(records: Sequence[AssetRecord], owned_by: Iterable[str], contact: Contact | None, outcome: RunOutcome | None) -> Card:
    """Return the card of an asset from its records, the owners that edges name now, and the name that is kept apart.

    `outcome` is how the asset ended where it is a run.
    """
    if len(records) == 1 and records[0].mode != Mode.RETRACT:
        state: Mapping[str, Any] = records[0].state
    else:
        state = state_at(asset_intervals(records), _LAST_MOMENT) or {}
    properties = state.get("properties") or {}
    over = is_finished(properties) if outcome is None else outcome.ended_at is not None
    gone = len(records) != 1 and deleted_at(records, _LAST_MOMENT) is not None
    name = contact.name if contact is not None else state.get("name")
    return Card(name, tuple(sorted({*state.get("owners", ()), *owned_by})), over or gone, _word(properties))


def _word(properties: dict[str, Any]) -> str | None:
    word = properties.get("state")
    return word.lower() if isinstance(word, str) else None
