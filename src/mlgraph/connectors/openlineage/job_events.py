"""Job events: the declared inputs and outputs of a job, reported without a run."""

from __future__ import annotations

from mlgraph.connectors.openlineage.dataset_facets.lineage import read_entries
from mlgraph.connectors.openlineage.inputs_outputs import ProcessNode, read_sides
from mlgraph.connectors.openlineage.jobs import read_job
from mlgraph.connectors.openlineage.producers.producer import Producer
from mlgraph.connectors.openlineage.statement_builder import ORIGIN, StatementBuilder
from mlgraph.domain.facts import Declaration, Mode, Statement
from mlgraph.domain.payloads.payload import Located


def read_job_event(event: Located, names: Producer) -> list[Statement]:
    """Return the workflow, its declared edges, and the declaration, which closes the edges that it omits."""
    draft = StatementBuilder(event.need("eventTime").reported_time(), names)
    job = read_job(event.need("job"), draft)
    sides = read_sides(event, ProcessNode(job.uri, job.uri, Mode.DECLARED), read_entries(names, job.lineage), draft)
    statements = draft.statements()
    return [*statements, Declaration(job.uri, ORIGIN, draft.at, sides)] if sides else statements
