"""Names of dbt's things: unique ids for what dbt runs, the table in its place for what dbt makes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.naming.dbt_nodes import TOOL, command_job
from mlgraph.domain.naming.naming_context import NamingContext
from mlgraph.domain.naming.relative_places import is_relative, project_namespace, resolved
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.uri import MAX_URI_CHARS, AssetUri


@dataclass(frozen=True)
class ProjectNames:
    """The names in the artifacts of one project.

    `jobs` is the namespace of its jobs, as `dbt-ol` has it (`OPENLINEAGE_NAMESPACE`). `place` is the system of its tables, such
    as `snowflake://ORG-ACCOUNT`; `directory` is where dbt ran: relative paths start from there. None: not known.
    """

    context: NamingContext
    project: str | None
    jobs: str = TOOL
    place: str | None = None
    directory: str | None = None

    def workflow(self, unique_id: str, at: Located) -> AssetUri:
        """Return the workflow of a node: the one of the events of `dbt-ol`. Raises `InvalidInput` as all methods do."""
        return made(at, "workflow", self.context.scoped(self.jobs), unique_id)

    def own(self, kind: str, name: str, at: Located) -> AssetUri:
        """Return what has no place but the project. Fails at `at` if the project is not known."""
        if self.project is None:
            at.fail("the project is not known: send the manifest with it, or set 'place' of this source")
        return made(at, kind, project_namespace(TOOL, self.project, self.context.scope), name)

    def invocation(self, at: Located) -> AssetUri:
        """Return the workflow of the commands of the project."""
        return self.own("workflow", command_job(self.project or ""), at)

    def tables(self, name: str) -> list[AssetUri]:
        """Return the names of a table: the canonical one first. None where the place is not known.

        A relative place has two: the absolute one, and the one within the project, which events have.
        """
        if self.place is None:
            return []
        if not is_relative(self.place):
            return _without_none(self.context.dataset(self.place, name))
        private = NamingContext(scope=project_namespace(TOOL, self.project or "", self.context.scope))
        inner = private.dataset(self.place, name) if self.project else None
        absolute = resolved(self.place, self.directory)
        return _without_none(None if absolute is None else self.context.dataset(absolute, name), inner)

    def located(self, location: str) -> AssetUri | None:
        """Return the dataset at a location; None where it identifies none."""
        return self.context.dataset_at(location, self.directory)


def made(at: Located, kind: str, namespace: str, name: str) -> AssetUri:
    """Return the asset of these names. Raises `InvalidInput` at `at` for names that a URI cannot contain."""
    return checked_uri(at, lambda: AssetUri(kind, namespace, name))


def checked_uri(at: Located, make: Callable[[], AssetUri]) -> AssetUri:
    """Return the asset that `make` makes. Raises `InvalidInput` at `at` where it does, and for one that is too long."""
    try:
        uri = make()
    except InvalidInput as error:
        at.fail(error.detail)
    if len(str(uri)) > MAX_URI_CHARS:
        at.fail(f"its name is over the limit of {MAX_URI_CHARS} characters")
    return uri


def _without_none(*found: AssetUri | None) -> list[AssetUri]:
    return [each for each in found if each is not None]
