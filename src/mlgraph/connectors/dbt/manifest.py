"""The manifest as a graph: its tables, and the tables on which each of its things depends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from mlgraph.connectors.dbt.project_names import ProjectNames
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.uri import AssetUri

SECTIONS: Final = ("nodes", "sources", "exposures", "metrics", "groups")
"""The sections that every manifest has: one without any of them is cut off."""
_OTHERS: Final = ("semantic_models", "saved_queries", "unit_tests", "functions", "disabled")
MADE: Final = ("model", "seed", "snapshot")
"""The types of nodes that make a table."""


@dataclass(frozen=True)
class Manifest:
    """A manifest: every member by its unique id."""

    document: Located
    names: ProjectNames
    at: int = field(init=False)

    def __post_init__(self) -> None:
        """Check that no section is missing. Raises `InvalidInput` with the pointer of the missing one."""
        object.__setattr__(self, "at", self.document.need("metadata").need("generated_at").reported_time())
        for section in SECTIONS:
            self.document.need(section).mapping()

    @cached_property
    def members(self) -> dict[str, Located]:
        """Everything in the manifest by its unique id."""
        found: dict[str, Located] = {}
        for section in (*SECTIONS, *_OTHERS):
            listed = self.document.get(section)
            found.update(listed.members() if listed is not None else ())
        return found

    def section(self, name: str) -> Iterator[tuple[str, Located]]:
        """Yield unique id and value of the members of a section. Raises `InvalidInput` for an unusable id."""
        for unique_id, value in sorted(self.document.need(name).members()):
            try:
                Located(unique_id).name()
            except InvalidInput as error:
                value.fail(f"its unique id {error.detail}")
            value.mapping()
            yield unique_id, value

    @cached_property
    def tables(self) -> dict[str, list[AssetUri]]:
        """By unique id: the names of each table, the canonical one first."""
        found: dict[str, list[AssetUri]] = {}
        for unique_id, node in self.section("nodes"):
            if node.need("resource_type").text() in MADE and not _is_ephemeral(node):
                found[unique_id] = self._names_of(unique_id, node, "alias")
        for unique_id, source in self.section("sources"):
            found[unique_id] = self._names_of(unique_id, source, "identifier")
        return found

    def inputs(self, item: Located) -> list[AssetUri]:
        """Return the tables on which a item depends, through what has no table: ephemeral models, metrics, semantic models.

        Raises `InvalidInput` where it depends on something that the manifest does not have.
        """
        found: set[AssetUri] = set()
        waiting, seen = [item], set()
        while waiting:
            for parent in _parents(waiting.pop()):
                unique_id = parent.text()
                if unique_id in seen:
                    continue
                seen.add(unique_id)
                if unique_id in self.tables:
                    found.add(self.tables[unique_id][0])
                elif unique_id in self.members:
                    waiting.append(self.members[unique_id])
                else:
                    parent.fail("the manifest does not have it: it is not complete")
        return sorted(found)

    def _names_of(self, unique_id: str, node: Located, last: str) -> list[AssetUri]:
        parts = [part.text() for key in ("database", "schema", last) if (part := node.get(key)) is not None]
        node.need(last).name()
        return [*self.names.tables(".".join(part for part in parts if part)), self.names.own("dataset", unique_id, node)]


def _is_ephemeral(node: Located) -> bool:
    config = node.get("config")
    return config is not None and config.mapping().get("materialized") == "ephemeral"


def _parents(item: Located) -> Iterator[Located]:
    depends_on = item.get("depends_on") if isinstance(item.value, dict) else None
    listed = depends_on.get("nodes") if depends_on is not None else None
    yield from listed.items() if listed is not None else ()
