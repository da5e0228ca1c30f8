"""OpenLineage events of jobs, runs and tables, sent with the openlineage-python client."""

# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from openlineage.client import OpenLineageClient, set_producer
from openlineage.client.event_v2 import (
    DatasetEvent,
    InputDataset,
    Job,
    JobEvent,
    OutputDataset,
    Run,
    RunEvent,
    RunState,
    StaticDataset,
)
from openlineage.client.facet_v2 import (
    column_lineage_dataset,
    data_quality_assertions_dataset,
    documentation_dataset,
    documentation_job,
    error_message_run,
    job_type_job,
    ownership_dataset,
    ownership_job,
    schema_dataset,
    source_code_location_job,
)
from openlineage.client.transport.http import HttpConfig, HttpTransport

from .lake import Frame, LakeSession, LakeTable
from .schedule import BatchJob as Scheduled

CODE: Final = "https://git.streamflix.example"


class Emitter:
    """Sends the events of the company's scheduler to an OpenLineage endpoint (HTTP)."""

    def __init__(self, url: str) -> None:
        """Send events to `/api/v1/lineage` of the server at `url`."""
        set_producer(f"{CODE}/scheduler")
        self._client = OpenLineageClient(transport=HttpTransport(HttpConfig(url=url)))

    def table(self, table: LakeTable, owner: str, description: str, at: datetime) -> None:
        """Report owner and description of a table."""
        facets: dict[str, Any] = {
            "documentation": documentation_dataset.DocumentationDatasetFacet(description=description),
            "ownership": ownership_dataset.OwnershipDatasetFacet(
                owners=[ownership_dataset.Owner(name=f"team:{owner}", type="OWNER")]
            ),
        }
        dataset = StaticDataset(namespace=table.bucket, name=table.name, facets=facets)
        self._client.emit(DatasetEvent(eventTime=at.isoformat(), dataset=dataset))

    def job(self, team: str, name: str, description: str, at: datetime) -> None:
        """Report owner and description of a job."""
        facets: dict[str, Any] = {
            "documentation": documentation_job.DocumentationJobFacet(description=description),
            "ownership": ownership_job.OwnershipJobFacet(owners=[ownership_job.Owner(name=f"team:{team}", type="OWNER")]),
            "jobType": job_type_job.JobTypeJobFacet(processingType="BATCH", integration="PYTHON", jobType="JOB"),
        }
        self._client.emit(JobEvent(eventTime=at.isoformat(), job=Job(namespace=team, name=name, facets=facets)))

    def started(self, job: Scheduled, run_id: str, at: datetime) -> None:
        """Report the start of a run, with its declared inputs and output."""
        self._client.emit(
            RunEvent(
                eventTime=at.isoformat(),
                eventType=RunState.START,
                run=Run(runId=run_id),
                job=_job(job),
                inputs=[InputDataset(namespace=table.bucket, name=table.name) for table in job.inputs],
                outputs=[OutputDataset(namespace=job.output.bucket, name=job.output.name)],
            )
        )

    def completed(self, job: Scheduled, run_id: str, at: datetime, session: LakeSession) -> None:
        """Report a completed run, with its actual inputs and outputs and the results of the checks."""
        self._client.emit(
            RunEvent(
                eventTime=at.isoformat(),
                eventType=RunState.COMPLETE,
                run=Run(runId=run_id),
                job=_job(job),
                inputs=[InputDataset(namespace=table.bucket, name=table.name) for table in session.read_tables],
                outputs=[_output(job, table, frame) for table, frame in session.written],
            )
        )

    def failed(self, job: Scheduled, run_id: str, at: datetime, session: LakeSession, error: str, trace: str) -> None:
        """Report a failed run, with its error and the inputs read so far."""
        message = error_message_run.ErrorMessageRunFacet(message=error, programmingLanguage="python", stackTrace=trace)
        self._client.emit(
            RunEvent(
                eventTime=at.isoformat(),
                eventType=RunState.FAIL,
                run=Run(runId=run_id, facets={"errorMessage": message}),
                job=_job(job),
                inputs=[InputDataset(namespace=table.bucket, name=table.name) for table in session.read_tables],
                outputs=[OutputDataset(namespace=job.output.bucket, name=job.output.name)],
            )
        )


def _job(job: Scheduled) -> Job:
    location = source_code_location_job.SourceCodeLocationJobFacet(
        type="git",
        url=f"{CODE}/{job.team}/jobs/{job.name}.py",
        repoUrl=f"{CODE}/{job.team}/jobs",
        path=f"{job.name}.py",
        version=job.code_version,
    )
    return Job(namespace=job.team, name=job.name, facets={"sourceCodeLocation": location})


def _output(job: Scheduled, table: LakeTable, frame: Frame) -> OutputDataset:
    fields = [schema_dataset.SchemaDatasetFacetFields(name=str(name), type=str(kind)) for name, kind in frame.dtypes.items()]
    facets: dict[str, Any] = {"schema": schema_dataset.SchemaDatasetFacet(fields=fields)}
    if job.columns:
        facets["columnLineage"] = column_lineage_dataset.ColumnLineageDatasetFacet(
            fields={
                column: column_lineage_dataset.Fields(
                    inputFields=[column_lineage_dataset.InputField(source.bucket, source.name, field)]
                )
                for column, (source, field) in job.columns.items()
            }
        )
    if job.checks:
        facets["dataQualityAssertions"] = data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet(
            assertions=[check(frame, text) for text in job.checks]
        )
    return OutputDataset(namespace=table.bucket, name=table.name, facets=facets)


def check(frame: Frame, text: str) -> data_quality_assertions_dataset.Assertion:
    """Return the result of a check; `text` is `not_null COLUMN`, `unique COLUMN` or `between COLUMN LOWEST HIGHEST`."""
    kind, column, *bounds = text.split()
    values = frame[column]
    if kind == "not_null":
        is_met = bool(values.notna().all())
    elif kind == "unique":
        is_met = bool(values.is_unique)
    else:
        is_met = bool(values.between(float(bounds[0]), float(bounds[1])).all())
    return data_quality_assertions_dataset.Assertion(assertion=kind, success=is_met, column=column)
