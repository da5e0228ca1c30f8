"""Folders of tools without a server, for the command that reads them where it runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlgraph.bootstrap.connectors import installed_connectors
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.uri import AssetUri
from mlgraph.ports.folder_reader import FolderContent, FolderReader, FolderSettings


@dataclass(frozen=True)
class ToolFolder:
    """The content of a folder, and what the connector needs of the known state of its subject."""

    reader: FolderReader
    content: FolderContent

    @property
    def subject(self) -> AssetUri:
        """The asset whose known state `payload` takes."""
        return self.content.subject

    def payload(self, properties: dict[str, Any] | None) -> dict[str, Any]:
        """Return the payload for the server; `properties` are those that it knows of the subject. None: it knows none."""
        former = None if properties is None else self.reader.former({"properties": properties})
        return self.content.payload if former is None else {**self.content.payload, "held": former}


def reads_folder(tool: str) -> bool:
    """Return whether the connector of a tool reads folders."""
    return _reader(tool) is not None


def tool_folder(tool: str, folder: Path, *, place: str | None, scope: str | None, profiles: Path | None) -> ToolFolder:
    """Return what a folder of a tool has. Raises `InvalidInput` with the file and what is wrong with it."""
    reader = _reader(tool)
    if reader is None:
        raise InvalidInput(f"{tool} has no folder that is read")
    return ToolFolder(reader, reader.read(folder, FolderSettings(place, scope, profiles)))


def _reader(tool: str) -> FolderReader | None:
    return next((each.folder for each in installed_connectors() if each.name == tool), None)
