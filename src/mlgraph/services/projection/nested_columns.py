"""Follows the schemas of datasets: the rows of a dataset's nested fields are computed anew only if its schema changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from mlgraph.domain.facts import Mode
from mlgraph.domain.history import AssetRecord, asset_intervals
from mlgraph.domain.payloads.schema_fields import SEPARATOR
from mlgraph.domain.timestamps import FOREVER
from mlgraph.domain.uri import AssetUri, field_of_column
from mlgraph.graph.csr.snapshot import MutableGraph
from mlgraph.graph.model.rows import DATASET
from mlgraph.graph.projection.nested_fields import FieldPairs, nested_field_rows, nested_pairs
from mlgraph.ports.store import GroupReader
from mlgraph.services.common.chunks import chunks
from mlgraph.services.history.asserted_facts import by_asset


class _LatestSchema(NamedTuple):
    """The nested fields in the schema that an origin reported last, and the moment of that report."""

    moment: int
    pairs: FieldPairs


class NestedColumns:
    """Puts the `part_of` edges of nested fields into the graph.

    Nearly every event repeats the schema of its datasets; a repetition costs a comparison with the schema reported last.
    """

    def __init__(self, graph: MutableGraph) -> None:
        self._graph = graph
        self._latest: dict[tuple[int, int], _LatestSchema] = {}
        """By dataset and origin."""

    def adopt_cache(self, other: NestedColumns) -> None:
        """Take over the schemas that `other`, which has the same store and watermark, reported last."""
        self._latest = other._latest

    def replace_changed(
        self, reader: GroupReader, asserted: Collection[int], moved: Collection[int], after: int, upto: int
    ) -> None:
        """Recompute the rows of the datasets with a new schema among `asserted`, and of those whose columns `moved`.

        `moved` are names that resolve to other assets than before.
        """
        datasets = [asset for asset in asserted if self._is_dataset(asset)]
        fresh = by_asset(reader.asset_records_in(datasets, after, upto))
        changed = {dataset for dataset in datasets if not self._absorbed(dataset, fresh.get(dataset, ()))}
        self.replace(reader, changed | {dataset for asset in moved if (dataset := self._graph.asset_index.dataset_of(asset))})

    def replace(self, reader: GroupReader, datasets: Collection[int]) -> None:
        """Recompute the rows of these datasets."""
        index = self._graph.asset_index
        for chunk in chunks(datasets):
            records = by_asset(reader.asset_records(chunk))
            for dataset in chunk:
                listed = list(records.get(dataset, ()))
                self._note(dataset, listed)
                self._graph.replace(dataset, nested_field_rows(AssetUri.parse(index.uri(dataset)), listed, index.number))

    def _is_dataset(self, asset: int) -> bool:
        return self._graph.asset_index.kind(asset) == DATASET

    def _absorbed(self, dataset: int, records: Iterable[AssetRecord]) -> bool:
        """Return whether new records leave the rows as they are."""
        for record in sorted(records, key=lambda record: record.valid_from):
            if record.mode == Mode.DECLARATION or (record.mode == Mode.PATCH and not _has_schema(record)):
                continue
            if record.mode != Mode.PATCH:
                return False
            pairs, key = nested_pairs(record.state), (dataset, record.origin)
            latest = self._latest.get(key)
            if latest is None and not pairs and not any(self._nested_columns(dataset)):
                continue  # none of its schemas has nested fields
            if latest is None or latest.pairs != pairs or record.valid_from < latest.moment:
                return False
            self._latest[key] = _LatestSchema(record.valid_from, pairs)
        return True

    def _nested_columns(self, dataset: int) -> Iterator[int]:
        index = self._graph.asset_index
        for column in index.columns_of(dataset):
            if SEPARATOR in field_of_column(AssetUri.parse(index.uri(column))):
                yield column

    def _note(self, dataset: int, records: list[AssetRecord]) -> None:
        """Cache the nested fields of the open states of a dataset, given all of its records."""
        reported: dict[int, int] = {}
        for record in records:
            self._latest.pop((dataset, record.origin), None)
            reported[record.origin] = max(record.valid_from, reported.get(record.origin, record.valid_from))
        for interval in asset_intervals(records):
            if interval.end == FOREVER:
                moment = reported[interval.origin]
                self._latest[dataset, interval.origin] = _LatestSchema(moment, nested_pairs(interval.state))


def _has_schema(record: AssetRecord) -> bool:
    return "schema" in (record.state.get("properties") or {})
