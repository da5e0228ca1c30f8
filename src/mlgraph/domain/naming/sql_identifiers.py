"""SQL identifiers of tables and columns: splitting at dots, quotes, and the case folding of each database."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

_UNQUOTED: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")
"""An identifier that SQL allows without quotes, so that a database may fold it; any other must have been quoted."""
_PART: Final = re.compile(r'"(?:[^"]|"")*"|`[^`]*`|\[[^\[\]]*\]|(?:\\.|[^.\\"`]|\\(?=\Z))*', re.DOTALL)
_QUOTES: Final = {'"': '"', "`": "`", "[": "]"}
_NEVER_UNQUOTED: Final = frozenset('"`[]\\')


class CaseFolding(Enum):
    """How a database folds the case of a name without quotes."""

    AS_WRITTEN = "unchanged"
    UPPER = "lower case becomes upper case"
    LOWER = "upper case becomes lower case"
    INSENSITIVE = "all becomes lower case, quoted names too"


def split(name: str) -> list[str] | None:
    r"""Return the parts of a name between its dots, with their quotes; None where quotes do not match.

    A dot inside quotes, or after a backslash (OpenLineage, naming conventions: escaping), belongs to a part.
    """
    if not _NEVER_UNQUOTED & set(name):
        return name.split(".")
    parts, at = [], 0
    while True:
        found = _PART.match(name, at)
        if found is None:  # unreachable while the last alternative matches the empty string
            return None
        parts.append(found.group())
        at = found.end()
        if at == len(name):
            return parts
        if name[at] != ".":
            return None
        at += 1


def fold(part: str, case: CaseFolding) -> str:
    """Return the canonical spelling of a part of an identifier.

    Where unquoted names fold, a part in the opposite case only (such as lower case where names fold to upper case) was
    written without quotes, so it folds. A part of mixed case is unchanged: it was quoted, or copied from the catalogue.
    Quotes are removed only where the part has the same meaning without them: a quoted lower-case name in Snowflake, which is
    a different table than the unquoted name, retains its quotes.
    """
    bare = _unquoted(part)
    if bare is None:
        return part
    if case is CaseFolding.INSENSITIVE:
        return bare.lower() if bare.isascii() else bare
    folded = _folded(bare, case)
    return folded if bare is part or folded == bare else part


def fold_name(name: str, case: CaseFolding) -> str:
    """Return a dotted name with each part folded; a name with unbalanced quotes is unchanged."""
    parts = split(name)
    return name if parts is None else ".".join(fold(part, case) for part in parts)


def _folded(bare: str, case: CaseFolding) -> str:
    if case is CaseFolding.UPPER and bare == bare.lower() and _UNQUOTED.fullmatch(bare):
        return bare.upper()
    if case is CaseFolding.LOWER and bare == bare.upper() and _UNQUOTED.fullmatch(bare):
        return bare.lower()
    return bare


def _unquoted(part: str) -> str | None:
    """Return a part without its quotes, or None where it needs them."""
    if part[:1] not in _QUOTES:
        return part
    inner = part[1:-1]
    closed = part[-1] == _QUOTES[part[0]]
    return inner.replace(".", r"\.") if closed and inner and not _NEVER_UNQUOTED & set(inner) else None
