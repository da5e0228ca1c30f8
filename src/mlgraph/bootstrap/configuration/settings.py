"""What all sections of mlgraph.yaml have in common."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationInfo

from mlgraph.documents.sections import Section
from mlgraph.domain.redaction import is_secret_name

KEEP_IT_ELSEWHERE: Final = (
    "a secret does not belong into this file; keep it in an environment variable, credentials: {env: NAME}, "
    "or in a file that you alone can read, credentials: {file: PATH}"
)


@dataclass(frozen=True, slots=True)
class Installation:
    """What a configuration is checked against: the kinds of sources, the folder that paths start from, the environment."""

    kinds: Collection[str]
    folder: Path
    environ: Mapping[str, str]


class Settings(Section):
    """A section of mlgraph.yaml: keys that look like those of secrets are refused with where a secret belongs."""

    @classmethod
    def unknown_key(cls, key: str, *, repeat: bool = True) -> str:
        """Return the message for a key that this section does not have."""
        return KEEP_IT_ELSEWHERE if is_secret_name(key) else super().unknown_key(key, repeat=repeat)


def installation(info: ValidationInfo) -> Installation:
    """Return what a validator checks against."""
    found = info.context
    assert isinstance(found, Installation)  # noqa: S101 - `load` hands it to every validation
    return found
