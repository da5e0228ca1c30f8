"""Which runs leave the graph when its base is made: they stay in the store, and answers read them there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from mlgraph.domain.history import run_outcome
from mlgraph.graph.compact import Frozen
from mlgraph.graph.layer import Arc
from mlgraph.graph.retention import ancestors_of_deployed, begun_before
from mlgraph.graph.rows import Ints
from mlgraph.ports.store import FactReader
from mlgraph.services.chunks import chunks
from mlgraph.services.cold_runs import ColdRuns
from mlgraph.services.facts_at import by_asset

DAY_US: Final = 86_400_000_000


def without_cold_runs(reader: FactReader, frozen: Frozen, moment: int) -> tuple[Frozen, Ints]:
    """Return the graph to make a base of, and the runs of a workflow to leave out: those that ended before `moment`.

    Ancestors of what was ever deployed are never left out; those that an earlier base left out are put back, because the
    deployment may have come since.
    """
    reader = reader.at(frozen.snapshot.watermark)
    cold = ColdRuns(reader, frozen.snapshot)
    ancestors = ancestors_of_deployed(cold.graph)
    while cold.around(ancestors, ("upstream",)):
        ancestors = ancestors_of_deployed(cold.graph)
    added: list[Mapping[int, list[Arc]]] = [{**known, **more} for known, more in zip(frozen.added, cold.added, strict=True)]
    frozen = replace(frozen, snapshot=cold.graph, added=added)
    candidates = np.setdiff1d(begun_before(frozen, moment), ancestors)
    leaving: list[int] = []
    for chunk in chunks(candidates.tolist()):
        for run, records in by_asset(reader.asset_records(chunk)).items():
            ended_at = run_outcome(records).ended_at
            if ended_at is not None and ended_at < moment:
                leaving.append(run)
    return frozen, np.array(leaving, np.int32)
