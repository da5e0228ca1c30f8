"""Reading facts by group: all records of an edge, a run, a workflow, an asset."""

from __future__ import annotations

from collections.abc import Collection

from mlgraph.domain.facts import Contact, Mode
from mlgraph.domain.history import AssetRecord, EdgeRecord
from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import RELATIONS
from mlgraph.ports.store import RunRecords
from mlgraph.stores.postgres.fact_queries import FactQueries, send_together
from mlgraph.stores.postgres.records import ASSET_COLUMNS, ASSET_FROM, EDGE_COLUMNS, EDGE_FROM, asset_records, edge_records

_INPUT_TO, _OUTPUTS, _RUN_OF = (RELATIONS[name].code for name in ("input_to", "outputs", "run_of"))


class PostgresGroupReader(FactQueries):
    """The `GroupReader` of PostgreSQL."""

    def edges(self, triples: Collection[tuple[int, int, int]]) -> list[EdgeRecord]:
        """Return all records of these triples (source, relation, target), without those that a run or workflow reported."""
        if not triples:
            return []
        sources, relations, targets = (list(column) for column in zip(*triples, strict=True))
        return self._edges(
            f"SELECT {EDGE_COLUMNS} FROM {EDGE_FROM} "
            "JOIN unnest(%s::int[], %s::smallint[], %s::int[]) AS w(s, r, t) "
            "ON f.source_id = w.s AND f.relation = w.r AND f.target_id = w.t WHERE f.by_id IS NULL AND f.tx <= %s",
            (sources, relations, targets, self._upto),
        )

    def edges_into(self, targets: Collection[int], relations: Collection[int]) -> list[EdgeRecord]:
        """Return all records of edges of these relations to `targets`."""
        query = f"SELECT {EDGE_COLUMNS} FROM {EDGE_FROM} WHERE f.target_id = ANY(%s) AND f.relation = ANY(%s) AND f.tx <= %s"
        return self._edges(query, (list(targets), list(relations), self._upto)) if targets else []

    def edges_from(self, sources: Collection[int], relations: Collection[int]) -> list[EdgeRecord]:
        """Return all records of edges of these relations from `sources`."""
        query = f"SELECT {EDGE_COLUMNS} FROM {EDGE_FROM} WHERE f.source_id = ANY(%s) AND f.relation = ANY(%s) AND f.tx <= %s"
        return self._edges(query, (list(sources), list(relations), self._upto)) if sources else []

    def runs(self, runs: Collection[int]) -> RunRecords:
        """Return all records of these runs."""
        numbers = list(runs)
        edges = f"SELECT {EDGE_COLUMNS} FROM {EDGE_FROM} WHERE"
        with self._database.connection() as connection:
            reads, writes, columns, states, memberships = send_together(
                connection,
                (f"{edges} f.target_id = ANY(%s) AND f.relation = %s AND f.tx <= %s", (numbers, _INPUT_TO, self._upto)),
                (f"{edges} f.source_id = ANY(%s) AND f.relation = %s AND f.tx <= %s", (numbers, _OUTPUTS, self._upto)),
                (f"{edges} f.by_id = ANY(%s) AND f.tx <= %s", (numbers, self._upto)),
                (f"SELECT {ASSET_COLUMNS} FROM {ASSET_FROM} WHERE f.asset_id = ANY(%s) AND f.tx <= %s", (numbers, self._upto)),
                (f"{edges} f.source_id = ANY(%s) AND f.relation = %s AND f.tx <= %s", (numbers, _RUN_OF, self._upto)),
            )
        return RunRecords(
            list(edge_records(reads)),
            list(edge_records(writes)),
            list(edge_records(columns)),
            list(asset_records(states)),
            list(edge_records(memberships)),
        )

    def columns_seen_by(self, owners: Collection[int]) -> list[EdgeRecord]:
        """Return the records of column edges that one of `owners` (runs, workflows) reported."""
        query = f"SELECT {EDGE_COLUMNS} FROM {EDGE_FROM} WHERE f.by_id = ANY(%s) AND f.tx <= %s"
        return self._edges(query, (list(owners), self._upto)) if owners else []

    def asset_records(self, assets: Collection[int]) -> list[AssetRecord]:
        """Return all records of these assets."""
        query = f"SELECT {ASSET_COLUMNS} FROM {ASSET_FROM} WHERE f.asset_id = ANY(%s) AND f.tx <= %s"
        return list(asset_records(self._rows(query, (list(assets), self._upto)))) if assets else []

    def asset_records_in(self, assets: Collection[int], after: int, upto: int) -> list[AssetRecord]:
        """Return the records of these assets from transactions after `after` up to and including `upto`."""
        query = f"SELECT {ASSET_COLUMNS} FROM {ASSET_FROM} WHERE f.tx > %s AND f.tx <= %s AND f.asset_id = ANY(%s)"
        return list(asset_records(self._rows(query, (after, upto, list(assets))))) if assets else []

    def declarations(self, workflows: Collection[int]) -> list[AssetRecord]:
        """Return the declarations of these workflows."""
        query = (
            f"SELECT {ASSET_COLUMNS} FROM {ASSET_FROM} "
            f"WHERE f.asset_id = ANY(%s) AND f.mode = {int(Mode.DECLARATION)} AND f.tx <= %s"
        )
        return list(asset_records(self._rows(query, (list(workflows), self._upto)))) if workflows else []

    def retracted(self, assets: Collection[int]) -> set[int]:
        """Return those of `assets` that have a retraction."""
        if not assets:
            return set()
        query = f"SELECT DISTINCT asset_id FROM asset_fact WHERE asset_id = ANY(%s) AND mode = {int(Mode.RETRACT)} AND tx <= %s"
        return {row[0] for row in self._rows(query, (list(assets), self._upto))}

    def neighbours(self, asset: int) -> list[tuple[int, int, int]]:
        """Return every triple (source, relation, target) with `asset` as source or target."""
        return self._rows(
            "SELECT source_id, relation, target_id FROM edge_fact WHERE source_id = %s AND tx <= %s "
            "UNION SELECT source_id, relation, target_id FROM edge_fact WHERE target_id = %s AND tx <= %s",
            (asset, self._upto, asset, self._upto),
        )

    def contacts(self, assets: Collection[int]) -> dict[int, Contact]:
        """Return the contacts of these people, by asset; without people whose contact is unknown or erased."""
        query = "SELECT c.asset_id, a.uri, c.name, c.mail FROM contact c JOIN asset a ON a.id = c.asset_id WHERE a.id = ANY(%s)"
        return {row[0]: Contact(AssetUri.parse(row[1]), row[2], row[3]) for row in self._rows(query, (list(assets),))}
