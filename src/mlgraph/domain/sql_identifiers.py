"""Names of tables and columns as databases understand them: parts between dots, in quotes or not, their case kept or not."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

_UNQUOTED: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")
"""What SQL lets stand without quotes, and so what a database may fold; any other part must have been quoted."""
_PART: Final = re.compile(r'"(?:[^"]|"")*"|`[^`]*`|\[[^\[\]]*\]|(?:\\.|[^.\\"`]|\\(?=\Z))*', re.DOTALL)
_QUOTES: Final = {'"': '"', "`": "`", "[": "]"}
_NEVER_UNQUOTED: Final = frozenset('"`[]\\')


class CaseFolding(Enum):
    """What a database makes of the case of a name that was written without quotes."""

    AS_WRITTEN = "stands"
    UPPER = "lower case becomes upper case"
    LOWER = "upper case becomes lower case"
    INSENSITIVE = "all becomes lower case, in quotes too"


def split(name: str) -> list[str] | None:
    r"""Return the parts of a name between its dots, quotes kept; None where quotes do not match.

    A dot inside quotes, or after a backslash (OpenLineage, naming conventions: escaping), belongs to a part.
    """
    if not _NEVER_UNQUOTED & set(name):
        return name.split(".")
    parts, at = [], 0
    while True:
        found = _PART.match(name, at)
        if found is None:  # the last alternative matches any place, if only emptily
            return None
        parts.append(found.group())
        at = found.end()
        if at == len(name):
            return parts
        if name[at] != ".":
            return None
        at += 1


def fold(part: str, case: CaseFolding) -> str:
    """Return a part in the one spelling that all spellings of the same identifier share.

    Where unquoted names fold, a part written in the other case alone was not quoted, or need not have been: it folds. One
    of mixed case stands, for it is either quoted, and a table of its own, or written by a tool that took it from the
    catalogue. Quotes go where the part means the same without them, so that a quoted lower-case name in Snowflake,
    which is another table than the unquoted one, keeps them.
    """
    bare = _unquoted(part)
    if bare is None:
        return part
    if case is CaseFolding.INSENSITIVE:
        return bare.lower() if bare.isascii() else bare
    folded = _folded(bare, case)
    return folded if bare is part or folded == bare else part


def fold_name(name: str, case: CaseFolding) -> str:
    """Return a dotted name with each part folded; one whose quotes do not match stands as written."""
    parts = split(name)
    return name if parts is None else ".".join(fold(part, case) for part in parts)


def _folded(bare: str, case: CaseFolding) -> str:
    if case is CaseFolding.UPPER and bare == bare.lower() and _UNQUOTED.fullmatch(bare):
        return bare.upper()
    if case is CaseFolding.LOWER and bare == bare.upper() and _UNQUOTED.fullmatch(bare):
        return bare.lower()
    return bare


def _unquoted(part: str) -> str | None:
    """Return a part without its quotes, or None where it cannot be written without them."""
    if part[:1] not in _QUOTES:
        return part
    inner = part[1:-1]
    closed = part[-1] == _QUOTES[part[0]]
    return inner.replace(".", r"\.") if closed and inner and not _NEVER_UNQUOTED & set(inner) else None
