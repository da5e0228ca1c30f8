"""Backup and restore of the whole store, for those who may see and say everything."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from mlgraph.domain.errors import Forbidden
from mlgraph.ports.archive import Archive, RestoreResult
from mlgraph.services.common.identity import Caller

_log = logging.getLogger(__name__)


class Archives:
    """Takes the store out and puts it back. `restored` is called when the store has become another one."""

    def __init__(self, archive: Archive, restored: Callable[[], None]) -> None:
        self._archive = archive
        self._restored = restored

    def backup(self, caller: Caller) -> Iterator[bytes]:
        """Return the pieces of the file. Raises `Forbidden` for a caller that is bound to a source."""
        _check(caller)
        _log.info("%s takes a backup", caller.actor)
        return self._archive.backup()

    def restore(self, pieces: Iterable[bytes], caller: Caller) -> dict[str, Any]:
        """Put a backup into the empty store and say what was restored.

        Raises `Forbidden`, `Conflict` where the store is not empty or too old, `DamagedBackup`; nothing is changed then.
        """
        _check(caller)
        _log.info("%s restores a backup", caller.actor)
        done = self._archive.restore(pieces)
        self._restored()
        return restored_body(done)


def restored_body(done: RestoreResult) -> dict[str, Any]:
    """Return what was restored, as it is answered."""
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
        raise Forbidden(f"a backup holds everything, and this token speaks for {caller.source!r} alone: use one without a source")
