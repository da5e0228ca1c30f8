"""A damaged or incomplete backup is refused and changes nothing."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest

from mlgraph.domain.errors import DamagedBackup
from mlgraph.stores.backup.archive import PostgresArchive
from tests.services.parts import Store
from tests.stores.archives import backup_of, changed, contents, members, packed, pieces, shape, signed, without

HEAD, TX, ASSETS = "mlgraph-backup.json", "tx/000001.copy", "asset/000001.copy"
FAULTS: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda _: b"",
    "no gzip": lambda _: b"PGDMP something else",
    "no tar": lambda _: gzip.compress(b"hello" * 1000),
    "another tar": lambda _: packed({"notes.txt": b"hello"}),
    "cut": lambda complete: complete[: len(complete) // 2],
    "cut by a byte": lambda complete: complete[:-1],
    "a bit flipped": lambda complete: complete[:-300] + bytes([complete[-300] ^ 1]) + complete[-299:],
    "content after the end": lambda complete: complete + gzip.compress(b"more"),
    "no end": lambda complete: packed(without(members(complete), "end.json")),
    "a table missing": lambda complete: packed(without(members(complete), TX)),
    "a row changed": lambda complete: packed(changed(members(complete), ASSETS, b"mlg://dataset/n/a\t", b"mlg://dataset/n/x\t")),
    "a row missing": lambda complete: packed(changed(members(complete), TX, members(complete)[TX], b"")),
    "the head changed": lambda complete: packed(changed(members(complete), HEAD, b'"watermark": 3', b'"watermark": 4')),
    "no head": lambda complete: packed(changed(members(complete), HEAD, b"{", b"[")),
    "an invalid row": lambda complete: signed(changed(members(complete), TX, b"\t", b",")),
    "an invalid number": lambda complete: signed(changed(members(complete), TX, b"1\t", b"one\t")),
    "a duplicate row": lambda complete: signed(members(complete) | {TX: members(complete)[TX] + members(complete)[TX]}),
    "an unknown table": lambda complete: signed(changed(members(complete), HEAD, b'"tx"', b'"pg_authid"')),
    "an unknown sequence": lambda complete: signed(changed(members(complete), HEAD, b"letter.id", b"letter.x")),
    "a missing part": lambda complete: signed(
        {("tx/000003.copy" if name == TX else name): content for name, content in members(complete).items()}
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_incomplete_backup_changes_nothing(fault: str, full: Store, new: Callable[[], Store]) -> None:
    other = new()
    before = (contents(other), shape(other), other.query("SELECT id FROM instance"))
    with pytest.raises(DamagedBackup):
        PostgresArchive(other.database).restore(pieces(FAULTS[fault](backup_of(full))))
    assert (contents(other), shape(other), other.query("SELECT id FROM instance")) == before
    PostgresArchive(other.database).restore([signed(members(backup_of(full)))])  # a complete backup is restored afterwards
    assert contents(other) == contents(full)
