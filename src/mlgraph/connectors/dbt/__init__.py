"""The dbt connector: converts the artifacts of a project to facts (docs/connectors/dbt.md)."""

from __future__ import annotations

from mlgraph.connectors.dbt.artifacts import TARGET, VERSIONS, artifacts_of
from mlgraph.connectors.dbt.catalog import catalog_statements
from mlgraph.connectors.dbt.consumers import consumer_statements
from mlgraph.connectors.dbt.definitions import table_statements
from mlgraph.connectors.dbt.manifest import Manifest
from mlgraph.connectors.dbt.project_names import ProjectNames
from mlgraph.connectors.dbt.project_state import project_statements
from mlgraph.connectors.dbt.run_results import RUNNING, is_run, run_statements
from mlgraph.connectors.dbt.stored_copy import sanitized
from mlgraph.domain.facts import Statement
from mlgraph.domain.naming.dbt_nodes import TOOL
from mlgraph.domain.naming.naming_context import NO_CONTEXT, NamingContext, check_place
from mlgraph.domain.payloads.payload import EventDocument, Located
from mlgraph.ports.connector import Connector
from mlgraph.ports.folder_reader import FolderReader

__all__ = ["connector", "normalise"]


def normalise(payload: object, context: NamingContext = NO_CONTEXT) -> list[Statement]:
    """Return the statements of an artifact, or of several: {type: dbt.target, manifest, catalog?, run_results?, ...}.

    Raises `InvalidInput` with the pointer of what is missing or invalid: half a manifest is none.
    """
    root = EventDocument(payload)
    artifacts = artifacts_of(root)
    names = _names(root, context)
    found: list[Statement] = []
    manifest = None
    if artifacts.manifest is not None:
        manifest = Manifest(artifacts.manifest, names)
        defined = [*table_statements(manifest), *consumer_statements(manifest)]
        found += [*defined, *project_statements(manifest, defined, root.get("held"))]
    if artifacts.catalog is not None:
        found += catalog_statements(artifacts.catalog, names)
    if (results := artifacts.run_results) is not None:
        which = results.need("args").need("which")
        if is_run(results):
            found += run_statements(results, names, manifest)
        elif manifest is None:
            which.fail(f"these are no results of runs: only those of {', '.join(RUNNING)} are")
        else:
            which.leave_out(f"these are no results of runs: only those of {', '.join(RUNNING)} are; send them before")
    return [*found, *root.collector.all()]


def _names(root: EventDocument, context: NamingContext) -> ProjectNames:
    """Return the names of the artifacts in a payload."""
    manifest = root.get("manifest") if root.value.get("type") == TARGET else root
    project = manifest.need("metadata").get("project_name") if manifest is not None else None
    place, jobs, directory = (root.get(key) for key in ("place", "namespace", "directory"))
    return ProjectNames(
        context,
        None if project is None else project.name(),
        TOOL if jobs is None else jobs.name(),
        context.place if place is None else _place(place),
        None if directory is None else directory.text(),
    )


def _place(place: Located) -> str:
    checked = place.attempt(lambda text: check_place(text.text()))
    return checked if checked is not None else place.fail("this is not the place of tables")


def connector(folder: FolderReader | None = None) -> Connector:
    """Return the connector; `folder` reads the artifacts of a project."""
    return Connector(
        name=TOOL,
        event_types=(*VERSIONS, TARGET),
        kinds=("column", "dataset", "metric", "run", "service", "workflow"),
        relations=("about", "alias_of", "input_to", "outputs", "part_of", "run_of"),
        redacted=(
            "/manifest/nodes/*/meta",
            "/manifest/nodes/*/config/location",
            "/manifest/exposures/*/owner",
            "/manifest/exposures/*/url",
            "/manifest/metadata/user_id",
            "/run_results/args/vars",
            "/run_results/args/invocation_command",
        ),
        normalise=normalise,
        sanitize=sanitized,
        folder=folder,
    )
