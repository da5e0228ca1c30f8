"""The environments of assets: what sources report of them, else those of the tokens by which they were reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mlgraph.domain import deadlines
from mlgraph.domain.history import CURATED_ORIGIN, AssetInterval, asset_intervals
from mlgraph.domain.timestamps import FOREVER
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.ports.store import FactReader
from mlgraph.services.common.chunks import chunks
from mlgraph.services.history.asserted_facts import by_asset, records_of

_NO_STATE: Final[Mapping[str, Any]] = {}


def environments_of(reader: FactReader, graph: GraphVersion, assets: Sequence[int]) -> dict[int, str]:
    """Return the environment of each of many assets that has one."""
    found: dict[int, str] = {}
    for chunk in chunks(assets):
        deadlines.raise_if_exceeded()
        names = {asset: graph.aliases.names_at(asset, FOREVER - 1) or [asset] for asset in chunk}
        records = by_asset(records_of(reader, {name for listed in names.values() for name in listed}))
        intervals = {
            asset: asset_intervals([record for name in listed for record in records.get(name, ())])
            for asset, listed in names.items()
        }
        found.update(environments_in(reader, intervals))
    return found


def environments_in(reader: FactReader, intervals: Mapping[int, Sequence[AssetInterval]]) -> dict[int, str]:
    """Return the environment of each asset that has one: the property of its latest state, else that of the token."""
    found: dict[int, str] = {}
    pending: dict[int, int] = {}
    for asset, listed in intervals.items():
        valid = (each for each in listed if each.end == FOREVER and each.origin != CURATED_ORIGIN)
        latest = sorted(valid, key=lambda each: (-each.start, each.tx))
        for interval in latest:
            named = (interval.state.get("properties") or _NO_STATE).get("environment")
            if isinstance(named, str) and named:
                found[asset] = named
                break
        else:
            if latest:
                pending[asset] = latest[0].tx
    provenance = reader.provenance(set(pending.values())) if pending else {}
    for asset, tx in pending.items():
        if tx in provenance and (environment := provenance[tx].environment):
            found[asset] = environment
    return found
