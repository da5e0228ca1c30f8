"""The base of the graph: all assets, nodes and rows up to one watermark, as arrays that can be mapped from a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlgraph.graph.csr.text.string_index import Strings
from mlgraph.graph.model.rows import Bytes, Ints, Longs

Shorts = NDArray[np.int16]


class BaseTable(NamedTuple):
    """The rows of one table in both directions (format: `graph/traversal/kernels.py`).

    `owner` int32[k], ascending, and `owned` int64[k] map runs and workflows to the positions of the downstream rows computed from
    them.
    """

    out_index: Longs
    out_rows: Longs
    into_index: Longs
    into_rows: Longs
    owner: Ints
    owned: Longs


TABLES: Final = ("lineage", "columns", "structure")


@dataclass(frozen=True, slots=True)
class Base:
    """Assets by the store's numbers (0: no asset), nodes and rows.

    `uri_table` is the hash table of URIs (`string_index.hash_table`). `uri_order` lists assets by URI, bytewise; `uri_rank` is
    its inverse. `columns` lists the assets that are columns, by dataset. `workflow` is what a run executes (0: none).
    `names` are JSON texts, empty where the name equals the last segment of the URI. `end_order` lists assets by the end of the
    URI, `name_order` those with a text in `names` by this, both whatever the case (`name_orders`). `finished` is 1, of a deleted
    asset 3. `state` is an index into `words`; `owners[owner_index[a]:owner_index[a + 1]]` are indexes into `people`, the URIs of
    owners. A node is an asset or a port: the ports of an asset follow its node.
    """

    uris: Strings
    uri_table: Ints
    uri_order: Ints
    uri_rank: Ints
    kind: Bytes
    dataset: Ints
    workflow: Ints
    columns: Ints
    names: Strings
    end_order: Ints
    name_order: Ints
    state: Shorts
    words: Strings
    finished: Bytes
    owner_index: Longs
    owners: Ints
    people: Strings
    node_of: Ints
    asset_of: Ints
    port_of: Ints
    lineage: BaseTable
    column_lineage: BaseTable
    structure: BaseTable
    watermark: int = 0

    @property
    def assets(self) -> int:
        """The number of assets plus one: assets are numbered from 1, and entry 0 of each array is empty."""
        return len(self.kind)

    @property
    def nodes(self) -> int:
        """The number of nodes."""
        return len(self.asset_of)

    @property
    def rows(self) -> int:
        """The number of rows, each counted once although stored in both directions."""
        return sum(len(table.out_rows) for table in (self.lineage, self.column_lineage, self.structure))

    def sections(self) -> dict[str, NDArray[Any]]:
        """Return all arrays by section name: `field`, or `field.part` for texts and tables."""
        found: dict[str, NDArray[Any]] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Strings):
                found[f"{field.name}.offsets"], found[f"{field.name}.data"] = value.offsets, value.data
            elif isinstance(value, BaseTable):
                found.update({f"{field.name}.{name}": array for name, array in value._asdict().items()})
            elif isinstance(value, np.ndarray):
                found[field.name] = value
        return found

    @classmethod
    def of(cls, sections: Mapping[str, NDArray[Any]], watermark: int) -> Base:
        """Return the base with these `sections`. Raises `KeyError` if one is missing."""
        parts: dict[str, Any] = {}
        for field in fields(cls):
            name = field.name
            if field.type == "Strings":
                parts[name] = Strings(sections[f"{name}.offsets"], sections[f"{name}.data"])
            elif field.type == "BaseTable":
                parts[name] = BaseTable(*(sections[f"{name}.{part}"] for part in BaseTable._fields))
            elif name != "watermark":
                parts[name] = sections[name]
        return cls(**parts, watermark=watermark)

    @classmethod
    def empty(cls) -> Base:
        """Return the base of an empty store."""
        one_empty_text = Strings(np.zeros(2, np.int64), np.zeros(0, np.uint8))
        zero, zero_byte, no_ints = np.zeros(1, np.int32), np.zeros(1, np.uint8), np.zeros(0, np.int32)
        index, rows = np.zeros(1, np.int64), np.zeros((0, 3), np.int64)
        table = BaseTable(index, rows, index, rows, no_ints, np.zeros(0, np.int64))
        return cls(
            uris=one_empty_text,
            uri_table=no_ints,
            uri_order=zero,
            uri_rank=zero,
            kind=zero_byte,
            dataset=zero,
            workflow=zero,
            columns=no_ints,
            names=one_empty_text,
            end_order=zero,
            name_order=no_ints,
            state=np.zeros(1, np.int16),
            words=one_empty_text,
            finished=zero_byte,
            owner_index=np.zeros(2, np.int64),
            owners=no_ints,
            people=one_empty_text,
            node_of=np.full(1, -1, np.int32),
            asset_of=no_ints,
            port_of=no_ints,
            lineage=table,
            column_lineage=table,
            structure=table,
        )
