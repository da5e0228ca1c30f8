"""What files define: assets with their columns, in one form for all formats, so that one comparison serves them all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

Columns = Mapping[str, "ColumnDefinition"]
NO_COLUMNS: Final[Columns] = MappingProxyType({})


class UnreadableError(Exception):
    """A text that cannot be read: the line (from 1; None where it is unknown) and the reason."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


@dataclass(frozen=True, slots=True)
class FileChange:
    """One changed file: its text before (None: the file is new) and after (None: it is deleted).

    `previous_path` is the path of `before` where the file was renamed.
    """

    path: str
    before: str | None
    after: str | None
    previous_path: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """The name of an asset in a file: its kind, its name, and the other names by which tools may report it.

    `qualifier` is the part of the name that precedes it, such as a schema; empty where the file does not say. `uri`: the file
    names the asset completely.
    """

    kind: str
    name: str
    qualifier: str = ""
    also: tuple[str, ...] = ()
    uri: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """All names, the most specific one first."""
        qualified = (f"{self.qualifier}.{self.name}",) if self.qualifier else ()
        return (*qualified, self.name, *self.also)


@dataclass(frozen=True, slots=True)
class ColumnDefinition:
    """A column as a file defines it.

    `type` and `expression` are canonical texts, None where the file does not say. `identity`: a mark that a rename does not
    change, such as the number of a Protobuf field. `former`: the earlier names that the file declares.
    """

    name: str
    type: str | None = None
    expression: str | None = None
    identity: str | None = None
    former: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Definition:
    """An asset as a file defines it.

    `columns` have lower-case keys; None: the file does not say which columns there are. `is_open`: there may be further columns
    (`SELECT *`), except those `excluded`. `content` is a canonical text of everything else that determines the values.
    `creates`: the file makes the asset, so that the asset goes when the definition goes; else it only writes it or describes
    it. `certain` is False where a difference need not show in the asset: code that was not analysed, a description.
    """

    target: Target
    columns: Columns | None = None
    is_open: bool = False
    excluded: frozenset[str] = frozenset()
    content: str = ""
    creates: bool = True
    certain: bool = True
    form: str = ""


ChangeKind = Literal["schema", "values", "retire"]


@dataclass(frozen=True, slots=True)
class DefinitionChange:
    """A change of an asset by a file: of one column, or of the complete asset (`column` None).

    `renamed_to` is the new name, where the file shows a rename. `retained`: all other columns are dropped (`column` is None
    then). `detail` says in words what the file does.
    """

    path: str
    target: Target
    change: ChangeKind
    detail: str
    column: str | None = None
    certain: bool = True
    renamed_to: str | None = None
    retained: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class UnreadableFile:
    """A file that was not read: the line (from 1) where that is known, and the reason."""

    path: str
    line: int | None
    reason: str


@dataclass(slots=True)
class ChangeSet:
    """What the changed files do: the changes, the defined assets by path, what is new, and the files that could not be read."""

    changes: list[DefinitionChange] = field(default_factory=list)
    targets: dict[str, list[Target]] = field(default_factory=dict)
    added: dict[str, list[Target]] = field(default_factory=dict)
    unreadable: list[UnreadableFile] = field(default_factory=list)
    selectors: dict[str, str] = field(default_factory=dict)
