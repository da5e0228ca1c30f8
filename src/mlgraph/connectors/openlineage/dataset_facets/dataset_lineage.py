"""The sources of a dataset, in the common form of both lineage facets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from mlgraph.connectors.openlineage.dataset_facets.transformations import read_transformations
from mlgraph.connectors.openlineage.name_resolver import NameResolver, column_of, usable_name
from mlgraph.connectors.openlineage.statement_builder import StatementBuilder
from mlgraph.domain.facts import Mode
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.uri import AssetUri

_DATASET: Final = "DATASET"
_JOB: Final = "JOB"


@dataclass(frozen=True, slots=True)
class LineageSource:
    """A source: a dataset, or with `field` a column of it; its transformations; its position in the event."""

    dataset: AssetUri
    field: str | None
    transformation: list[Any]
    place: Located


@dataclass(frozen=True)
class DatasetLineage:
    """The sources of a dataset: `dataset_level` feeds all of its fields, `fields` has the sources of single fields."""

    dataset_level: list[LineageSource] = field(default_factory=list)
    fields: dict[str, list[LineageSource]] = field(default_factory=dict)

    def datasets(self) -> set[AssetUri]:
        """Return all source datasets."""
        return {source.dataset for listed in (self.dataset_level, *self.fields.values()) for source in listed}

    def restricted(self, is_source: Callable[[AssetUri], bool]) -> DatasetLineage:
        """Return the lineage without the sources that are no datasets."""
        return DatasetLineage(
            [each for each in self.dataset_level if is_source(each.dataset)],
            {name: [each for each in listed if is_source(each.dataset)] for name, listed in self.fields.items()},
        )

    def derive_columns(
        self, target: AssetUri, schema: Iterable[str], draft: StatementBuilder, by: AssetUri | None, mode: Mode
    ) -> None:
        """Add the `derives` edges between columns to `draft`.

        A dataset-level source feeds every field with lineage, or every field of `schema` if none has lineage.
        """
        origin_properties = {"by": str(by)} if by else {}
        for name in self.fields or schema:
            for source in (*self.fields.get(name, ()), *self.dataset_level):
                if source.field is None:
                    continue
                origin = column_of(source.dataset, source.field, source.place)
                result = column_of(target, name, source.place)
                if origin and result:
                    how = {"transformation": source.transformation} if source.transformation else {}
                    draft.edge(origin, "derives", result, {**origin_properties, **how}, mode=mode)


def read_sources(
    parent: Located, key: str, names: NameResolver, *, columns: bool = False, transformation: Sequence[Any] = ()
) -> list[LineageSource]:
    """Return the sources in the array `key`: datasets, or columns of them; jobs are omitted.

    With `columns`, each source is a column: one without a field is a source of the dataset only, with a warning. `transformation`
    is that of sources that have none of their own.
    """
    sources = []
    for item in parent.objects(key) or ():
        dataset = item.attempt(names.dataset) if is_dataset(item) else None
        if dataset:
            column = item.attempt(_needed_field) if columns else item.typed("field", str)
            name = column.attempt(usable_name) if column else None
            sources.append(LineageSource(dataset, name, read_transformations(item) or list(transformation), item))
    return sources


def _needed_field(item: Located) -> Located:
    return item.need("field")


def is_dataset(item: Located) -> bool:
    """Return whether the `type` of a source or target in a lineage facet is DATASET, as it is by default.

    Jobs are omitted; a type that is neither is left out with a warning.
    """
    kind = item.typed("type", str)
    if kind is None or kind.text().upper() == _DATASET:
        return True
    if kind.text().upper() != _JOB:
        kind.leave_out(f"unknown type {kind.text()[:60]!r}; the types are {_DATASET} and {_JOB}")
    return False
