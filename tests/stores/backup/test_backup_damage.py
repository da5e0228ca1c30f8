"""What is no whole backup changes nothing."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest

from mlgraph.domain.errors import DamagedBackup
from mlgraph.stores.backup.archive import PostgresArchive
from tests.services.parts import Store
from tests.stores.archives import changed, contents, members, packed, pieces, shape, signed, taken, without

HEAD, TX, ASSETS = "mlgraph-backup.json", "tx/000001.copy", "asset/000001.copy"
FAULTS: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda _: b"",
    "no gzip": lambda _: b"PGDMP something else",
    "no tar": lambda _: gzip.compress(b"hello" * 1000),
    "another tar": lambda _: packed({"notes.txt": b"hello"}),
    "cut": lambda whole: whole[: len(whole) // 2],
    "cut by a byte": lambda whole: whole[:-1],
    "a bit flipped": lambda whole: whole[:-300] + bytes([whole[-300] ^ 1]) + whole[-299:],
    "more behind it": lambda whole: whole + gzip.compress(b"more"),
    "no end": lambda whole: packed(without(members(whole), "end.json")),
    "a table missing": lambda whole: packed(without(members(whole), TX)),
    "a row changed": lambda whole: packed(changed(members(whole), ASSETS, b"mlg://dataset/n/a\t", b"mlg://dataset/n/x\t")),
    "a row missing": lambda whole: packed(changed(members(whole), TX, members(whole)[TX], b"")),
    "the head changed": lambda whole: packed(changed(members(whole), HEAD, b'"watermark": 3', b'"watermark": 4')),
    "no head": lambda whole: packed(changed(members(whole), HEAD, b"{", b"[")),
    "a row that is none": lambda whole: signed(changed(members(whole), TX, b"\t", b",")),
    "a number that is none": lambda whole: signed(changed(members(whole), TX, b"1\t", b"one\t")),
    "twice the same row": lambda whole: signed(
        members(whole) | {TX: members(whole)[TX] + members(whole)[TX]}
    ),
    "a table that nobody knows": lambda whole: signed(changed(members(whole), HEAD, b'"tx"', b'"pg_authid"')),
    "a sequence that nobody knows": lambda whole: signed(changed(members(whole), HEAD, b"letter.id", b"letter.x")),
    "a part too many": lambda whole: signed(
        {("tx/000003.copy" if name == TX else name): content for name, content in members(whole).items()}
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_no_whole_backup_changes_nothing(fault: str, full: Store, new: Callable[[], Store]) -> None:
    other = new()
    before = (contents(other), shape(other), other.query("SELECT id FROM instance"))
    with pytest.raises(DamagedBackup):
        PostgresArchive(other.database).restore(pieces(FAULTS[fault](taken(full))))
    assert (contents(other), shape(other), other.query("SELECT id FROM instance")) == before
    PostgresArchive(other.database).restore([signed(members(taken(full)))])  # the one that is whole goes in
    assert contents(other) == contents(full)
