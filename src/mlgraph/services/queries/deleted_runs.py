"""Marks deleted runs in answers: what they did remains in the graph (docs/spec.md#8-deleted-assets)."""

from __future__ import annotations

import numpy as np

from mlgraph.domain.history import deleted_at
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import RUN, Bools, Ints
from mlgraph.ports.store import FactReader
from mlgraph.services.common.chunks import chunks
from mlgraph.services.history.asserted_facts import by_asset


def deleted_runs(reader: FactReader | None, graph: GraphVersion, assets: Ints, moment: int, *, is_now: bool) -> Bools:
    """Return of each asset whether it is a run that is deleted at `moment`; `is_now`: no later moment counts.

    A run with a current state is not deleted now: only runs without one are read from the store. Raises `LookupError` if that is
    necessary and `reader` is None.
    """
    found = np.zeros(len(assets), np.bool_)
    candidates = graph.asset_index.kinds(assets) == RUN
    if is_now and candidates.any():
        candidates &= graph.asset_index.stateless(assets)
    places = {int(assets[place]): place for place in np.flatnonzero(candidates).tolist()}
    if not places:
        return found
    if reader is None:
        raise LookupError("runs without a state must be read from the store")
    past = reader.at(graph.watermark)
    for runs in chunks(places):
        records = by_asset(past.asset_records(past.retracted(runs)))
        for run, own_records in records.items():
            found[places[run]] = deleted_at(own_records, moment) is not None
    return found
