"""Loading of the inference rules of a server."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mlgraph.domain.errors import StartError
from mlgraph.inference.rules import Rules, combine_rules, load_rules, shipped_rules


def rules_from(files: Iterable[Path]) -> Rules:
    """Return the shipped rules and those in `files`. Raises `StartError` with file and line."""
    return combine_rules(shipped_rules(), *map(_read, files))


def _read(file: Path) -> Rules:
    try:
        return load_rules(file.read_text(encoding="utf-8"), str(file))
    except OSError as error:
        raise StartError(f"cannot read the rules in {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise StartError(f"the rules in {file} are not UTF-8") from None
