"""Interface of tools without a server: `mlgraph connect NAME FOLDER` reads the files that they write, where it runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from mlgraph.domain.uri import AssetUri


@dataclass(frozen=True, slots=True)
class FolderSettings:
    """What the caller says about the files: the place of tables, the scope of its token, the folder of the tool's settings."""

    place: str | None = None
    scope: str | None = None
    profiles: Path | None = None


@dataclass(frozen=True, slots=True)
class FolderContent:
    """What a folder has: the payload for the server, and notes for the caller about what is missing.

    `subject` is the asset whose known state goes into the payload under the key `held`: with it, the connector finds what was
    removed. `summary` says what was read.
    """

    payload: dict[str, Any]
    subject: AssetUri
    summary: str
    notes: tuple[str, ...] = ()


class FolderReader(Protocol):
    """Reads the files of one tool."""

    def read(self, folder: Path, settings: FolderSettings, /) -> FolderContent:
        """Return what the files in `folder` say. Raises `InvalidInput` with the file and what is wrong with it."""

    def former(self, state: dict[str, Any], /) -> dict[str, Any] | None:
        """Return the value of `held` from the known state of the subject; None where it has none."""
