"""The base class of all sections of mlgraph.yaml, with the check that a document contains no secret."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationInfo

from mlgraph.documents.sections import Section
from mlgraph.domain.redaction.json_values import is_secret_name

USE_CREDENTIALS: Final = (
    "a secret does not belong in this file; store it in an environment variable, credentials: {env: NAME}, "
    "or in a file that only you can read, credentials: {file: PATH}"
)


@dataclass(frozen=True, slots=True)
class Installation:
    """The context of validation: the kinds of sources and of registries, the base folder of relative paths, the environment."""

    kinds: Collection[str]
    registries: Collection[str]
    folder: Path
    environ: Mapping[str, str]


class Settings(Section):
    """A section of mlgraph.yaml. A key with the name of a secret is refused with the right place for secrets."""

    @classmethod
    def unknown_key(cls, key: str, *, repeat: bool = True) -> str:
        """Return the message for a key that this section does not have."""
        return USE_CREDENTIALS if is_secret_name(key) else super().unknown_key(key, repeat=repeat)


def installation(info: ValidationInfo) -> Installation:
    """Return the context of a validation."""
    found = info.context
    assert isinstance(found, Installation)  # noqa: S101 - `load` passes it to every validation
    return found
