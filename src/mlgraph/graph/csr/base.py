"""The base of the graph: everything that was known at one watermark, in arrays that can be mapped from a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlgraph.graph.csr.string_index import Strings
from mlgraph.graph.model.rows import Bytes, Ints, Longs

Shorts = NDArray[np.int16]


class BaseTable(NamedTuple):
    """The rows of one table both ways (see kernels).

    `owner` int32[k], ascending, and `owned` int64[k] say which downstream rows a run or workflow computed.
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
    """Assets by the store's numbers (0 stands for none), nodes, and rows.

    `uri_table` finds URIs (strings.hash_table); `uri_order` lists assets by URI, bytewise, `uri_rank` says the place of each.
    `columns` are the assets that are columns, by dataset. `names` are as JSON writes them, empty where the name is the end of the
    URI as it stands. `state` numbers `words`; `owners[owner_index[a]:owner_index[a + 1]]` number `people`, the URIs of owners. A
    node is an asset or a port: the ports of an asset follow its node.
    """

    uris: Strings
    uri_table: Ints
    uri_order: Ints
    uri_rank: Ints
    kind: Bytes
    dataset: Ints
    columns: Ints
    names: Strings
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
        """How many assets there are, the one that stands for none included."""
        return len(self.kind)

    @property
    def nodes(self) -> int:
        """How many nodes there are."""
        return len(self.asset_of)

    @property
    def rows(self) -> int:
        """How many rows there are, each counted once."""
        return sum(len(table.out_rows) for table in (self.lineage, self.column_lineage, self.structure))

    def sections(self) -> dict[str, NDArray[Any]]:
        """Return all arrays by name."""
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
        """Return the base that `sections` were taken from. Raises `KeyError` if one is missing."""
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
        none = Strings(np.zeros(2, np.int64), np.zeros(0, np.uint8))
        zero, rows = np.zeros(1, np.int32), np.zeros((0, 3), np.int64)
        index = np.zeros(1, np.int64)
        table = BaseTable(index, rows, index, rows, np.zeros(0, np.int32), np.zeros(0, np.int64))
        return cls(
            none,
            np.zeros(0, np.int32),
            zero,
            zero,
            np.zeros(1, np.uint8),
            zero,
            np.zeros(0, np.int32),
            none,
            np.zeros(1, np.int16),
            none,
            np.zeros(1, np.uint8),
            np.zeros(2, np.int64),
            np.zeros(0, np.int32),
            none,
            np.full(1, -1, np.int32),
            np.zeros(0, np.int32),
            np.zeros(0, np.int32),
            table,
            table,
            table,
        )
