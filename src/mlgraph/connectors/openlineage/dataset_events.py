"""Dataset events: the state of a dataset, reported without a run."""

from __future__ import annotations

from mlgraph.connectors.openlineage.datasets import read_dataset
from mlgraph.connectors.openlineage.producers.producer import Producer
from mlgraph.connectors.openlineage.statement_builder import StatementBuilder
from mlgraph.domain.facts import Mode, Statement
from mlgraph.domain.payloads.payload import Located


def read_dataset_event(event: Located, names: Producer) -> list[Statement]:
    """Return facts about the dataset and its columns. Events never assert `derives` edges between datasets."""
    draft = StatementBuilder(event.need("eventTime").reported_time(), names)
    listed = read_dataset(event.need("dataset"), draft, target=True)
    if listed.version:
        draft.asset(listed.uri, {"properties": {"version": listed.version}})
    for lineage in (listed.lineage, listed.column_lineage):
        if lineage:
            lineage.derive_columns(listed.uri, listed.fields, draft, None, Mode.PATCH)
    return draft.statements()
