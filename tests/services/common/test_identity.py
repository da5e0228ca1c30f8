"""Tokens: read from a file that only its owner can read, stored as digests, each bound to an actor."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from mlgraph.domain.errors import StartError, Unauthorized
from mlgraph.services.common import identity
from mlgraph.services.common.identity import LOCAL, Caller, Tokens, is_loopback, is_reserved, tokens_from


def token_file(tmp_path: Path, document: Any, mode: int = 0o600) -> Path:
    path = tmp_path / "tokens.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    path.chmod(mode)
    return path


def test_a_token_identifies_its_caller(tmp_path: Path) -> None:
    path = token_file(
        tmp_path,
        [
            {"token": "one", "actor": "ann"},
            {"token": "four", "actor": "root", "admin": True},
            {"sha256": hashlib.sha256(b"two").hexdigest(), "actor": "bot", "source": "dbt", "environment": "prod"},
        ],
    )
    tokens = Tokens.read(path)
    assert bool(tokens)
    assert tokens.caller("one", loopback=False) == Caller("ann")
    assert tokens.caller("four", loopback=False) == Caller("root", admin=True)
    assert tokens.caller("two", loopback=True) == Caller("bot", "dbt", "prod")
    assert tokens.caller(None, loopback=True) == Caller("local")
    assert Tokens().caller(None, loopback=True) == LOCAL
    for wrong in (None, "three", ""):
        with pytest.raises(Unauthorized):
            tokens.caller(wrong, loopback=False)
    with pytest.raises(Unauthorized):
        tokens.caller("three", loopback=True)
    assert tokens_from(None, {"MLGRAPH_TOKENS": str(path)})
    assert not tokens_from(None, {})


@pytest.mark.parametrize(
    "document",
    [
        "{",
        "{}",
        "3",
        [3],
        [{}],
        [{"token": "x"}],
        [{"actor": "a"}],
        [{"token": "", "actor": "a"}],
        [{"token": "t", "actor": "a", "admin": "yes"}],
        [{"sha256": "zz", "actor": "a"}],
    ],
)
def test_an_invalid_token_file_is_refused_with_its_path(tmp_path: Path, document: Any) -> None:
    with pytest.raises(StartError, match=r"tokens\.json"):
        Tokens.read(token_file(tmp_path, document))


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="chmod 600"):
        Tokens.read(token_file(tmp_path, [], 0o640))
    with pytest.raises(StartError, match="cannot read"):
        Tokens.read(tmp_path / "absent")


def test_a_caller_with_a_source_may_report_for_it_alone() -> None:
    assert Caller("a").may_report_for("dbt")
    assert Caller("a", "dbt").may_report_for("dbt")
    assert not Caller("a", "dbt").may_report_for("*")


def test_only_an_administrator_without_a_source_may_import() -> None:
    assert LOCAL.may_import
    assert Caller("root", admin=True).may_import
    assert not Caller("root", "dbt", admin=True).may_import
    assert not Caller("ann").may_import
    assert is_reserved("curation")
    assert is_reserved("config:0a1b")
    assert not is_reserved("curations")


def test_loopback_hosts() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.1.2.3", "::1", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "10.0.0.1")))  # noqa: S104


def test_a_token_ends_when_it_expires_or_leaves_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "_CHECK_S", 0.0)
    entries = [
        {"token": "old", "actor": "ann", "expires": "2001-01-01T00:00:00Z"},
        {"token": "new", "actor": "ann", "expires": "2999-01-01T00:00:00Z"},
    ]
    tokens = Tokens.read(token_file(tmp_path, entries))
    with pytest.raises(Unauthorized, match=r"expired at 2001-01-01T00:00:00Z"):
        tokens.caller("old", loopback=False)
    digest = hashlib.sha256(b"new").hexdigest()
    assert tokens.caller("new", loopback=False) == tokens.caller_by_digest(digest)
    token_file(tmp_path, "[{")
    assert tokens.caller_by_digest(digest).actor == "ann"  # a file that is being written locks nobody out
    token_file(tmp_path, [{"token": "other", "actor": "eve"}])
    with pytest.raises(Unauthorized):
        tokens.caller_by_digest(digest)
    with pytest.raises(Unauthorized):
        tokens.caller("new", loopback=True)
    assert tokens.caller("other", loopback=False).actor == "eve"
