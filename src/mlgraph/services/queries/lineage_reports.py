"""The reports from which edges follow that no fact names: inputs and columns that lineage alone names (docs/spec.md#4-pairs)."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from mlgraph.domain.facts import Mode
from mlgraph.domain.history import EdgeRecord
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import COLUMN, DERIVES, INPUT_TO, OUTPUTS, RUN, WORKFLOW
from mlgraph.graph.projection.declared import Declared
from mlgraph.graph.projection.evidence import Column, evidence_of
from mlgraph.ports.store import FactReader
from mlgraph.services.history.group_histories import Histories

Triple = tuple[int, int, int]


def lineage_reports(
    reader: FactReader, graph: GraphVersion, triple: Triple, owners: Collection[int], names: tuple[set[int], set[int]]
) -> list[EdgeRecord]:
    """Return the records whose lineage makes `triple` an edge, although none of them names it.

    `names` are the names of both ends. For an input, `owners` are the run, or the workflow and its runs: the records are those of
    their outputs and columns. For a column edge they are the column edges that start from the column by another name.
    """
    if triple[1] == INPUT_TO:
        return list(_naming(reader, graph, owners, names[0]))
    kind = graph.asset_index.kind
    if triple[1] == DERIVES and triple[0] and kind(triple[0]) == COLUMN:
        return list(_meaning(reader, graph, *names))
    return []


def _naming(reader: FactReader, graph: GraphVersion, owners: Collection[int], names: set[int]) -> Iterator[EdgeRecord]:
    """Yield the records of outputs and columns that name one of `names` as a source."""
    for record in reader.edges_from(owners, (OUTPUTS,)):
        if record.mode != Mode.RETRACT and names & (record.feeds or frozenset()):
            yield record
    for record in reader.columns_seen_by(owners):
        if record.mode != Mode.RETRACT and graph.asset_index.dataset_of(record.source) in names:
            yield record


def _meaning(reader: FactReader, graph: GraphVersion, sources: set[int], targets: set[int]) -> Iterator[EdgeRecord]:
    """Yield the column edges to `targets` whose reporters mean one of `sources` by another name."""
    into = [record for record in reader.edges_into(targets, (DERIVES,)) if record.mode != Mode.RETRACT]
    reporters = {record.by for record in into if record.by is not None and record.source not in sources}
    if not reporters:
        return
    index = graph.asset_index
    histories = Histories(reader, index, graph.aliases)
    runs = histories.runs([asset for asset in reporters if index.kind(asset) == RUN])
    columns: list[Column] = [column for run in runs.values() for column in evidence_of(run, index).columns]
    for workflow in histories.workflows([asset for asset in reporters if index.kind(asset) == WORKFLOW]):
        pieces = Declared(workflow, index.uri(workflow.workflow), index).pieces
        columns += [column for _, _, piece in pieces for column in piece.columns]
    meant = {id(column.record): column.record for column in columns if column.source in sources}
    yield from (record for record in meant.values() if record.target in targets and record.source not in sources)
