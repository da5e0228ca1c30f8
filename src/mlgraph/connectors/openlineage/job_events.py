"""Job events: what a job declares to read and write, told without a run."""

from __future__ import annotations

from mlgraph.connectors.openlineage.draft import ORIGIN, Draft
from mlgraph.connectors.openlineage.jobs import read_job
from mlgraph.connectors.openlineage.lineage import read_entries
from mlgraph.connectors.openlineage.names import Names
from mlgraph.connectors.openlineage.sides import Actor, read_sides
from mlgraph.domain.facts import Declaration, Mode, Statement
from mlgraph.domain.payload import Located


def read_job_event(event: Located, names: Names) -> list[Statement]:
    """Return the workflow, its declared edges, and the declaration, which ends what it no longer lists."""
    draft = Draft(event.need("eventTime").time(), names)
    job = read_job(event.need("job"), draft)
    sides = read_sides(event, Actor(job.uri, job.uri, Mode.DECLARED), read_entries(names, job.lineage), draft)
    said = draft.statements()
    return [*said, Declaration(job.uri, ORIGIN, draft.at, sides)] if sides else said
