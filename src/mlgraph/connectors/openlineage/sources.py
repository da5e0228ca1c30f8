"""Where a dataset's data comes from, in the one form that both lineage facets are read into."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from mlgraph.connectors.openlineage.draft import Draft
from mlgraph.connectors.openlineage.names import column_of
from mlgraph.domain.facts import Mode
from mlgraph.domain.payload import Located
from mlgraph.domain.uri import AssetUri


@dataclass(frozen=True, slots=True)
class Source:
    """A dataset, or where `field` is given a column of it; how it is transformed; where that was said."""

    dataset: AssetUri
    field: str | None
    transformation: list[Any]
    place: Located


@dataclass(frozen=True)
class Sources:
    """What feeds a dataset: some sources feed it as a whole, some only the field under which they stand."""

    whole: list[Source] = field(default_factory=list)
    fields: dict[str, list[Source]] = field(default_factory=dict)

    def datasets(self) -> set[AssetUri]:
        """Return all datasets named."""
        return {source.dataset for listed in (self.whole, *self.fields.values()) for source in listed}

    def derive_columns(self, target: AssetUri, schema: Iterable[str], draft: Draft, by: AssetUri | None, mode: Mode) -> None:
        """Tell which columns derive from which. What feeds the whole leads to each field, told or of the schema."""
        said = {"by": str(by)} if by else {}
        for name in self.fields or schema:
            for source in (*self.fields.get(name, ()), *self.whole):
                if source.field is not None:
                    how = {"transformation": source.transformation} if source.transformation else {}
                    origin = column_of(source.dataset, source.field, source.place)
                    result = column_of(target, name, source.place)
                    draft.edge(origin, "derives", result, {**said, **how}, mode=mode)
