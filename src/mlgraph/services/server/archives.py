"""Backup and restore of the complete store, for callers that are not bound to a source."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from mlgraph.domain.errors import Forbidden
from mlgraph.ports.archive import Archive, RestoreResult
from mlgraph.services.common.identity import Caller

_log = logging.getLogger(__name__)


class Archives:
    """Backs up and restores the store. `restored` is called after a restore has replaced its contents."""

    def __init__(self, archive: Archive, restored: Callable[[], None]) -> None:
        self._archive = archive
        self._restored = restored

    def backup(self, caller: Caller) -> Iterator[bytes]:
        """Return an iterator over the chunks of a backup file. Raises `Forbidden` for a caller that is bound to a source."""
        _check(caller)
        _log.info("%s starts a backup", caller.actor)
        return self._archive.backup()

    def restore(self, chunks: Iterable[bytes], caller: Caller) -> dict[str, Any]:
        """Restore a backup into the empty store and return a summary.

        Raises `Forbidden`, `Conflict` if the store is not empty or its schema is too old, `DamagedBackup`; nothing changes then.
        """
        _check(caller)
        _log.info("%s starts a restore", caller.actor)
        done = self._archive.restore(chunks)
        self._restored()
        return restored_body(done)


def restored_body(done: RestoreResult) -> dict[str, Any]:
    """Return the summary of a restore as JSON."""
    return {
        "made_at": done.made_at,
        "schema": done.schema,
        "from_schema": done.from_schema,
        "instance": done.instance,
        "from_instance": done.from_instance,
        "rows": dict(done.rows),
        "watermark": done.watermark,
    }


def _check(caller: Caller) -> None:
    if caller.source is not None:
        raise Forbidden(
            f"a backup contains everything, and this token is limited to the source {caller.source!r}: use one without a source"
        )
