"""Facts by the time of their recording, from PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from mlgraph.domain.facts import Mode
from mlgraph.domain.history import AssetRecord
from mlgraph.domain.vocabulary import KINDS, RELATIONS
from mlgraph.ports.recorded_facts import FactCount, RecordedRange, RunReport
from mlgraph.stores.postgres.fact_queries import FactQueries, send_together
from mlgraph.stores.postgres.records import (
    ASSET_COLUMNS,
    ASSET_FROM,
    EDGE_COLUMNS,
    EDGE_FROM,
    asset_records,
    edge_records,
)

_RUN, _WORKFLOW = KINDS["run"].code, KINDS["workflow"].code
_INPUT_TO, _OUTPUTS, _RUN_OF = (RELATIONS[name].code for name in ("input_to", "outputs", "run_of"))
_DECLARATION: Final = int(Mode.DECLARATION)
_STATES: Final = (
    f"SELECT {ASSET_COLUMNS} FROM {ASSET_FROM} JOIN asset a ON a.id = f.asset_id WHERE f.tx > %(after)s AND f.tx <= %(upto)s "
    f"AND a.kind <> {_RUN} AND f.mode <> {_DECLARATION}"
)
_EDGES: Final = (
    f"SELECT {EDGE_COLUMNS} FROM {EDGE_FROM} JOIN asset s ON s.id = f.source_id JOIN asset t ON t.id = f.target_id "
    f"WHERE f.tx > %(after)s AND f.tx <= %(upto)s AND f.by_id IS NULL AND s.kind <> {_RUN} AND t.kind <> {_RUN}"
)
_OWNER: Final = f"CASE WHEN f.relation = {_INPUT_TO} THEN f.target_id ELSE f.source_id END"
_REPORTS: Final = (
    "SELECT DISTINCT r.id, r.moment, r.tx FROM ("
    "SELECT f.asset_id AS id, f.valid_from AS moment, f.tx FROM asset_fact f WHERE f.tx > %(after)s AND f.tx <= %(upto)s "
    f"UNION ALL SELECT {_OWNER}, f.valid_from, f.tx FROM edge_fact f WHERE f.tx > %(after)s AND f.tx <= %(upto)s "
    f"AND f.by_id IS NULL AND f.relation IN ({_INPUT_TO}, {_OUTPUTS}, {_RUN_OF})"
    f") r JOIN asset a ON a.id = r.id WHERE a.kind IN ({_RUN}, {_WORKFLOW})"
)
_COUNT: Final = " UNION ALL ".join(
    f"SELECT count(*) FILTER (WHERE valid_from <= %(until)s), count(*) FROM (SELECT valid_from FROM {table} "
    "WHERE tx > %(after)s AND tx <= %(upto)s ORDER BY tx LIMIT %(most)s) f"
    for table in ("asset_fact", "edge_fact")
)


class PostgresRecordedFacts(FactQueries):
    """The `RecordedFacts` of PostgreSQL."""

    def count(self, after: int, upto: int, until: int, most: int) -> FactCount:
        """Return how many facts of these transactions are about moments up to `until` (`RecordedFacts`)."""
        found = self._rows(_COUNT, {"after": after, "upto": upto, "until": until, "most": most})
        return FactCount(sum(facts for facts, _ in found), all(seen < most for _, seen in found))

    def last_tx_at(self, moment: int) -> int:
        """Return the last transaction that was recorded until `moment`: their times never decrease, so by bisection."""
        low, high = 0, int(self._rows("SELECT coalesce(max(tx), 0) FROM tx")[0][0])
        with self._database.session():
            while low < high:
                middle = (low + high + 1) // 2
                found = self._rows("SELECT recorded_at FROM tx WHERE tx <= %s ORDER BY tx DESC LIMIT 1", (middle,))
                if found and found[0][0] <= moment:
                    low = middle
                else:
                    high = middle - 1
        return low

    def recorded(self, after: int, upto: int, most: int, around: Collection[int] | None = None) -> RecordedRange:
        """Return what the transactions after `after`, up to `upto`, recorded, of the latest ones (`RecordedFacts`)."""
        if around is not None:
            return self._recorded_around(after, upto, most, list(around))
        bound = (
            "SELECT greatest((SELECT tx FROM edge_fact WHERE tx > %s AND tx <= %s ORDER BY tx DESC OFFSET %s LIMIT 1), "
            "(SELECT tx FROM asset_fact WHERE tx > %s AND tx <= %s ORDER BY tx DESC OFFSET %s LIMIT 1))"
        )
        span = (after, upto, most)
        beyond = self._rows(bound, (*span, *span))[0][0]
        if beyond is not None:
            after = min(int(beyond), upto - 1)
        with self._database.connection() as connection:
            values = {"after": after, "upto": upto}
            states, edges, reports = send_together(connection, (_STATES, values), (_EDGES, values), (_REPORTS, values))
        return _range(after, states, edges, reports)

    def _recorded_around(self, after: int, upto: int, most: int, around: list[int]) -> RecordedRange:
        values = {"after": after, "upto": upto, "around": around, "most": most}
        latest = "ORDER BY f.tx DESC LIMIT %(most)s"
        of_workflows = f"OR r.id IN (SELECT source_id FROM edge_fact WHERE relation = {_RUN_OF} AND target_id = ANY(%(around)s))"
        with self._database.connection() as connection:
            found = send_together(
                connection,
                (f"{_STATES} AND f.asset_id = ANY(%(around)s) {latest}", values),
                (f"{_EDGES} AND (f.source_id = ANY(%(around)s) OR f.target_id = ANY(%(around)s)) {latest}", values),
                (f"{_REPORTS} AND (r.id = ANY(%(around)s) {of_workflows}) ORDER BY r.tx DESC LIMIT %(most)s", values),
            )
        cut = [rows[-1][place] for rows, place in zip(found, (5, 12, 2), strict=True) if len(rows) == most]
        if not cut:
            return _range(after, *found)
        if max(cut) == upto:  # one transaction alone has more: it is read completely
            return self._recorded_around(upto - 1, upto, 10 * most, around)
        complete = [[row for row in rows if row[place] > max(cut)] for rows, place in zip(found, (5, 12, 2), strict=True)]
        return _range(max(cut), *complete)

    def runs_from(self, workflow: int, moment: int, tx: int, most: int) -> list[RunReport]:
        """Return the last report, up to transaction `tx`, of each of the first `most` runs reported from `moment` on."""
        query = (
            "SELECT source_id, max(valid_from), max(tx) FROM edge_fact WHERE target_id = %s AND relation = %s "
            "AND valid_from >= %s AND tx <= %s GROUP BY source_id ORDER BY 2, 3 LIMIT %s"
        )
        return [RunReport(*row) for row in self._rows(query, (workflow, _RUN_OF, moment, tx, most))]

    def known(self, assets: Collection[int], tx: int, moment: int) -> list[AssetRecord]:
        """Return the facts of these assets up to transaction `tx` that decide their states from `moment` on."""
        query = (
            "SELECT f.asset_id, f.origin_id, f.valid_from, f.mode, c.body, f.tx, 0 FROM ("
            "SELECT asset_id, origin_id, mode, content_id, max(valid_from) AS valid_from, max(tx) AS tx FROM asset_fact "
            f"WHERE asset_id = ANY(%s) AND tx <= %s AND mode <> {_DECLARATION} "
            "GROUP BY asset_id, origin_id, mode, content_id, CASE WHEN valid_from > %s THEN valid_from END"
            ") f JOIN content c ON c.id = f.content_id"
        )
        return list(asset_records(self._rows(query, (list(assets), tx, moment)))) if assets else []


def _range(after: int, states: list[Any], edges: list[Any], reports: list[Any]) -> RecordedRange:
    return RecordedRange(
        after, list(asset_records(states)), list(edge_records(edges)), [RunReport(*report) for report in reports]
    )
