"""Reading facts back from PostgreSQL: by transaction, by number, and by the groups and scans of its base classes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from typing import Any, Final

import psycopg

from mlgraph.domain import clock
from mlgraph.domain.fact_row import digest
from mlgraph.domain.history import EdgeRecord
from mlgraph.domain.timestamps import format_time, parse_time
from mlgraph.domain.vocabulary import RELATIONS
from mlgraph.ports.store import AssetRow, Changes, EdgeStep, Provenance
from mlgraph.stores.postgres.fact_queries import EVERYTHING, send_together
from mlgraph.stores.postgres.group_reader import PostgresGroupReader
from mlgraph.stores.postgres.records import EDGE_COLUMNS, EDGE_FROM
from mlgraph.stores.postgres.scans import PostgresScans

_DAY_US: Final = 86_400_000_000
_FIRST: Final = parse_time("0001-01-01T00:00:00Z")
_RUN_OF, _ALIAS_OF = (RELATIONS[name].code for name in ("run_of", "alias_of"))
FACTS_AT_ONCE: Final = 20_000
"""`changes` stops before the transaction with which it would return more facts than this, of edges or of assets."""


class PostgresReader(PostgresGroupReader, PostgresScans):
    """The `FactReader` of PostgreSQL."""

    def session(self) -> AbstractContextManager[None]:
        """Reuse one connection for all reads of this thread until the end of the context: small queries cost less."""
        return self._database.session()

    def at(self, tx: int) -> PostgresReader:
        """Return a reader of the facts up to transaction `tx`: later appends do not change its results."""
        return PostgresReader(self._database, tx)

    def last_tx(self) -> int:
        """Return the number of the last transaction (0: none)."""
        for tx, last_at in self._rows("SELECT tx, last_at FROM tx ORDER BY tx DESC LIMIT 1"):
            clock.reach(last_at)  # before a caller can read this transaction
            return int(tx)
        return 0

    def changes(self, after: int, limit: int) -> Changes:
        """Return the changes of up to `limit` transactions after `after`; of fewer where these contain very many facts.

        Transactions become visible in order and never change: several queries with one upper bound see the same facts.
        """
        with self._database.connection() as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT (SELECT last_at FROM tx ORDER BY tx DESC LIMIT 1), "
                "(SELECT max(tx) FROM (SELECT tx FROM tx WHERE tx > %s ORDER BY tx LIMIT %s) t)",
                (after, limit),
            )
            last_at, upto = cursor.fetchone() or (None, None)
            clock.reach(last_at or 0)  # before a caller can read these transactions or earlier ones
            changes = Changes(after if upto is None else upto)
            if upto is None:
                return changes
            if (bound := _last_tx_within_limit(cursor, after)) < upto:
                changes.upto, changes.cut = bound, True
            self._add_changes(connection, changes, (after, changes.upto))
            return changes

    def _add_changes(self, connection: psycopg.Connection, changes: Changes, span: tuple[int, int]) -> None:
        assets, states, edges = send_together(
            connection,
            ("SELECT id, uri, kind, dataset_id FROM asset WHERE first_tx > %s AND first_tx <= %s ORDER BY id", span),
            ("SELECT DISTINCT asset_id, mode FROM asset_fact WHERE tx > %s AND tx <= %s", span),
            ("SELECT DISTINCT source_id, relation, target_id, by_id FROM edge_fact WHERE tx > %s AND tx <= %s", span),
        )
        changes.assets = [AssetRow(*row) for row in assets]
        for asset, mode in states:
            changes.note_state(asset, mode)
        for source, relation, target, seen_by in edges:
            changes.note_edge((source, relation, target), seen_by)

    def pending(self, after: int, most: int) -> int:
        """Return the number of edge facts after transaction `after`, at most `most`."""
        rows = self._rows("SELECT count(*) FROM (SELECT 1 FROM edge_fact WHERE tx > %s LIMIT %s) f", (after, most))
        return int(rows[0][0])

    def alias_records(self) -> list[EdgeRecord]:
        """Return all records of `alias_of`."""
        return self._edges(f"SELECT {EDGE_COLUMNS} FROM {EDGE_FROM} WHERE f.relation = {_ALIAS_OF} AND f.tx <= %s", (self._upto,))

    def runs_since(self, workflows: Collection[int], moment: int) -> set[int]:
        """Return the runs of these workflows that started or ended at or after `moment` (microseconds), and possibly others."""
        day = format_time(max(moment - _DAY_US, _FIRST))[:10]  # one day earlier: the text has any time zone
        query = (
            "SELECT DISTINCT f.source_id FROM edge_fact f WHERE f.target_id = ANY(%(of)s) AND f.relation = %(run_of)s "
            "AND f.tx <= %(upto)s AND (f.valid_from >= %(moment)s OR EXISTS (SELECT 1 FROM asset_fact s "
            "JOIN content c ON c.id = s.content_id WHERE s.asset_id = f.source_id AND s.tx <= %(upto)s "
            "AND (s.valid_from >= %(moment)s OR EXISTS (SELECT 1 FROM "
            r"""regexp_matches(c.body, '"(?:started|ended)_at":\s*"([0-9-]{10})', 'g') t WHERE t[1] >= %(day)s))))"""
        )
        values = {"of": list(workflows), "run_of": _RUN_OF, "upto": self._upto, "moment": moment, "day": day}
        return {row[0] for row in self._rows(query, values)} if workflows else set()

    def steps(self, assets: Collection[int], step: EdgeStep, most: int) -> list[EdgeRecord]:
        """Return the records of the edges of `step` from `assets`, at most `most`, without column edges."""
        if not assets:
            return []
        near, far = ("source_id", "target_id") if step.forward else ("target_id", "source_id")
        query = (
            f"SELECT {EDGE_COLUMNS} FROM {EDGE_FROM} JOIN asset a ON a.id = f.{far} "
            f"WHERE f.{near} = ANY(%s) AND f.relation = %s AND f.by_id IS NULL AND f.tx <= %s AND a.kind = ANY(%s)"
        )
        values: list[Any] = [list(assets), step.relation, self._upto, list(step.kinds)]
        if step.then is not None:
            near, further = ("source_id", "target_id") if step.then.forward else ("target_id", "source_id")
            query += (
                f" AND EXISTS (SELECT FROM edge_fact n JOIN asset b ON b.id = n.{further} "
                f"WHERE n.{near} = f.{far} AND n.relation = %s AND b.kind = ANY(%s))"
            )
            values += [step.then.relation, list(step.then.kinds)]
        return self._edges(f"{query} LIMIT %s", (*values, most))

    def owned(self, owners: Collection[int], most: int) -> list[int]:
        """Return the assets with a state that names one of `owners`, now or in the past; at most `most`."""
        query = "SELECT DISTINCT asset_id FROM asset_owner WHERE owner_id = ANY(%s) LIMIT %s"
        return [row[0] for row in self._rows(query, (list(owners), most))] if owners else []

    def stamp(self, tx: int) -> str | None:
        """Return a text that identifies the log up to transaction `tx`; None if the log is shorter.

        It differs before and after the redaction of stored secrets, if there were any.
        """
        query = (
            "SELECT i.id, tx.recorded_at, tx.actor, (SELECT sum(changed) FROM redaction) "
            "FROM instance i CROSS JOIN tx WHERE tx.tx = %s"
        )
        for instance, recorded_at, actor, redacted in self._rows(query, (tx,)):
            return f"{instance} {recorded_at} {actor}{f' {redacted}' if redacted else ''}"
        return None

    def ids(self, uris: Collection[str]) -> dict[str, int]:
        """Return the numbers of those URIs that have one in the store."""
        rows = self._rows("SELECT uri, id FROM asset WHERE digest = ANY(%s)", ([digest(uri) for uri in uris],))
        return dict(rows)

    def rows(self, assets: Collection[int]) -> dict[int, AssetRow]:
        """Return the rows of these assets."""
        query = "SELECT id, uri, kind, dataset_id FROM asset WHERE id = ANY(%s)"
        return {row[0]: AssetRow(*row) for row in self._rows(query, (list(assets),))}

    def origins(self) -> Mapping[int, str]:
        """Return the names of all origins, by number."""
        return dict(self._rows("SELECT id, name FROM origin"))

    def provenance(self, txs: Collection[int]) -> dict[int, Provenance]:
        """Return the provenance of these transactions."""
        query = "SELECT tx, recorded_at, actor, source, environment FROM tx WHERE tx = ANY(%s)"
        return {row[0]: Provenance(*row) for row in self._rows(query, (list(txs),))}

    def events(self, numbers: Collection[int]) -> dict[int, str]:
        """Return the ids that the events have at their sources, by the store's numbers of the events."""
        return dict(self._rows("SELECT id, event_id FROM event WHERE id = ANY(%s)", (list(numbers),)))


def _last_tx_within_limit(cursor: psycopg.Cursor, after: int) -> int:
    """Return the last transaction up to which there are at most `FACTS_AT_ONCE` facts; at least the next transaction."""
    cursor.execute(
        "SELECT least((SELECT tx FROM edge_fact WHERE tx > %s ORDER BY tx OFFSET %s LIMIT 1), "
        "(SELECT tx FROM asset_fact WHERE tx > %s ORDER BY tx OFFSET %s LIMIT 1))",
        (after, FACTS_AT_ONCE, after, FACTS_AT_ONCE),
    )
    tx = (cursor.fetchone() or (None,))[0]
    return EVERYTHING if tx is None else max(int(tx) - 1, after + 1)
