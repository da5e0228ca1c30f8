"""Events as serialised by the installed openlineage-python, with old and new facet classes."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import column_lineage_dataset, schema_dataset
from openlineage.client.transport.file import FileConfig, FileTransport

from mlgraph.connectors.openlineage import normalise
from mlgraph.domain.facts import EdgeFact
from mlgraph.domain.uri import AssetUri


@pytest.mark.parametrize("state", list(RunState))
def test_events_of_the_client_are_interpreted(tmp_path: Path, state: RunState) -> None:
    out = tmp_path / "events"
    client = OpenLineageClient(transport=FileTransport(FileConfig(log_file_path=str(out), append=True)))
    source = column_lineage_dataset.InputField("s3://lake", "in", "x")
    facets = {
        "schema": schema_dataset.SchemaDatasetFacet([schema_dataset.SchemaDatasetFacetFields("y", "int")]),
        "columnLineage": column_lineage_dataset.ColumnLineageDatasetFacet({"y": column_lineage_dataset.Fields([source])}),
    }
    client.emit(
        RunEvent(
            eventType=state,
            eventTime=datetime.now(UTC).isoformat(),
            run=Run("01939b5e-5a2c-7c3d-9f6e-0a4c5d6e7f80"),
            job=Job("n", "j"),
            inputs=[InputDataset("s3://lake", "in")],
            outputs=[OutputDataset("s3://lake", "out", facets=facets)],
        )
    )
    (line,) = out.read_text().splitlines()
    run = AssetUri("run", "n", "01939b5e-5a2c-7c3d-9f6e-0a4c5d6e7f80")
    found = {(fact.source, fact.relation, fact.target) for fact in normalise(json.loads(line)) if isinstance(fact, EdgeFact)}
    assert found == {
        (run, "run_of", AssetUri("workflow", "n", "j")),
        (AssetUri("dataset", "s3://lake", "in"), "input_to", run),
        (run, "outputs", AssetUri("dataset", "s3://lake", "out")),
        (AssetUri("column", "s3://lake", "in#x"), "derives", AssetUri("column", "s3://lake", "out#y")),
    }
