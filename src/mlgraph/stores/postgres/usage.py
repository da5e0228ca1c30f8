"""The table of usage counts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from mlgraph.domain import clock
from mlgraph.domain.facts import Mode
from mlgraph.domain.vocabulary import KINDS, RELATIONS
from mlgraph.ports.usage import RETAINED_DAYS, AssetUsage, UsageCount, UsageKind
from mlgraph.stores.postgres.database import Database

DAY_US: Final = 86_400_000_000
_ADD: Final = (
    "INSERT INTO usage AS known (asset_id, day, kind, count, last_at) "
    "SELECT n.asset_id, n.day, n.kind, n.count, 0 FROM unnest(%s::int[], %s::int[], %s::smallint[], %s::bigint[]) "
    # Every process adds in the same order, so that no two of them wait for each other.
    "AS n(asset_id, day, kind, count) ORDER BY 1, 2, 3 "
    "ON CONFLICT (asset_id, day, kind) DO UPDATE SET count = known.count + excluded.count"
)
_COUNT_RUNS: Final = (
    "WITH reads AS ("
    "SELECT f.source_id, f.target_id, min(f.valid_from) AS first_at, max(f.valid_from) AS last_at "
    "FROM edge_fact f JOIN asset t ON t.id = f.target_id AND t.kind = %(run)s "
    "WHERE f.tx > %(after)s AND f.tx <= %(upto)s AND f.relation = %(input_to)s AND f.mode <> %(retract)s "
    "AND f.valid_from >= %(since)s GROUP BY f.source_id, f.target_id), "
    "known_reads AS (SELECT r.*, EXISTS (SELECT FROM edge_fact e WHERE e.source_id = r.source_id AND e.relation = %(input_to)s "
    "AND e.target_id = r.target_id AND e.tx <= %(after)s AND e.mode <> %(retract)s) AS is_known FROM reads r) "
    "INSERT INTO usage AS known (asset_id, day, kind, count, last_at) "
    "SELECT source_id, ((CASE WHEN is_known THEN last_at ELSE first_at END) / %(day_us)s)::int, %(kind)s, "
    "count(*) FILTER (WHERE NOT is_known), max(last_at) FROM known_reads GROUP BY 1, 2 ORDER BY 1, 2 "
    "ON CONFLICT (asset_id, day, kind) DO UPDATE "
    "SET count = known.count + excluded.count, last_at = greatest(known.last_at, excluded.last_at)"
)


class PostgresUsage:
    """The `UsageStore` of PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, counts: Sequence[UsageCount]) -> None:
        """Add to the stored counts. After a crash of PostgreSQL, those of the last moment may be missing."""
        self._database.check_writable()
        columns = [list(column) for column in zip(*counts, strict=True)]
        with self._database.connection() as connection, connection.transaction(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = off")
            cursor.execute(_ADD, columns)

    def count_runs(self, most: int) -> int:
        """Count the reads of at most `most` further transactions, each once; return the number of these transactions."""
        self._database.check_writable()
        with self._database.connection() as connection, connection.transaction(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = off")
            cursor.execute("SELECT tx FROM usage_progress FOR UPDATE SKIP LOCKED")
            row = cursor.fetchone()
            if row is None:  # another process counts
                return 0
            after: int = row[0]
            cursor.execute(
                "SELECT max(n.tx), count(*) FROM (SELECT tx FROM tx WHERE tx > %s ORDER BY tx LIMIT %s) AS n", (after, most)
            )
            upto, found = cursor.fetchone() or (None, 0)
            if upto is None:
                return 0
            cursor.execute(
                _COUNT_RUNS,
                {
                    "run": KINDS["run"].code,
                    "input_to": RELATIONS["input_to"].code,
                    "retract": int(Mode.RETRACT),
                    "after": after,
                    "upto": upto,
                    "since": (clock.wall_us() // DAY_US - RETAINED_DAYS + 1) * DAY_US,
                    "day_us": DAY_US,
                    "kind": int(UsageKind.RUN),
                },
            )
            cursor.execute("UPDATE usage_progress SET tx = %s", (upto,))
            return int(found)

    def delete_until(self, day: int) -> None:
        """Delete the counts of days up to and including `day`."""
        with self._database.connection() as connection, connection.cursor() as cursor:
            cursor.execute("DELETE FROM usage WHERE day <= %s", (day,))

    def usage(self, assets: Collection[int], after_day: int, upto_day: int) -> AssetUsage:
        """Return the use of all names of one asset on the days after `after_day`, up to and including `upto_day`."""
        with self._database.connection() as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT coalesce(sum(count) FILTER (WHERE kind = %(run)s AND day > %(after)s), 0)::bigint, "
                "coalesce(sum(count) FILTER (WHERE kind = %(request)s AND day > %(after)s), 0)::bigint, "
                "max(last_at) FILTER (WHERE kind = %(run)s) FROM usage WHERE asset_id = ANY(%(assets)s) AND day <= %(upto)s",
                {
                    "run": int(UsageKind.RUN),
                    "request": int(UsageKind.REQUEST),
                    "after": after_day,
                    "upto": upto_day,
                    "assets": list(assets),
                },
            )
            return AssetUsage(*(cursor.fetchone() or (0, 0, None)))
