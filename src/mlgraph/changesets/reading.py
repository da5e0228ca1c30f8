"""Reading of changed files: which reader a file has, its definitions before and after, and the changes of all files together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from mlgraph.changesets import dbt_files, protobuf_messages, schema_documents, sql_parsing, sql_statements, yaml_manifests
from mlgraph.changesets.comparison import LocatedDefinition, added, compare
from mlgraph.changesets.definitions import (
    ChangeSet,
    Definition,
    DefinitionChange,
    FileChange,
    Target,
    UnreadableError,
    UnreadableFile,
)
from mlgraph.changesets.python_definitions import read_python
from mlgraph.changesets.yaml_documents import read_documents

_SQL: Final = frozenset({".sql", ".ddl", ".hql", ".psql"})
_YAML: Final = frozenset({".yml", ".yaml"})
_ROLLED_BACK: Final = (".down.sql", "_down.sql", ".rollback.sql", ".undo.sql")
_KNOWN: Final = "SQL, dbt, Feast, Airflow, Avro, JSON Schema, Protobuf, and manifests of mlgraph and Kubernetes"


@dataclass(slots=True)
class _Reading:
    """What one text defines; the statements that act, by their canonical text; the SQL dialect; dbt's name of the model."""

    definitions: list[Definition] = field(default_factory=list)
    actions: dict[str, list[DefinitionChange]] = field(default_factory=dict)
    dialect: str | None = None
    model: str | None = None


@dataclass(slots=True)
class _Sides:
    """The definitions of all files, before and after."""

    before: list[LocatedDefinition] = field(default_factory=list)
    after: list[LocatedDefinition] = field(default_factory=list)


def read_changes(files: Iterable[FileChange], check: Callable[[], None] = lambda: None) -> ChangeSet:
    """Return what changed files do to assets. `check` is called before each file, and may raise to end the work.

    A file that cannot be read, before or after, is listed as unreadable; it changes nothing, and so is not safe.
    """
    found, sides = ChangeSet(), _Sides()
    for file in files:
        check()
        try:
            _read_file(file, found, sides)
        except UnreadableError as error:
            found.unreadable.append(UnreadableFile(file.path, error.line, error.reason))
    found.changes.extend(compare(sides.before, sides.after))
    for path, target in added(sides.before, sides.after):
        found.added.setdefault(path, []).append(target)
    return found


def _read_file(file: FileChange, found: ChangeSet, sides: _Sides) -> None:
    before = _read(file.previous_path or file.path, file.before, None) if file.before is not None else None
    after = _read(file.path, file.after, before.dialect if before else None) if file.after is not None else None
    if before is not None and after is not None and before.dialect != after.dialect and file.before is not None:
        before = _read(file.previous_path or file.path, file.before, after.dialect)  # canonical texts need one dialect
    earlier, later = before or _Reading(), after or _Reading()
    sides.before += [LocatedDefinition(file.path, each) for each in earlier.definitions]
    sides.after += [LocatedDefinition(file.path, each) for each in later.definitions]
    for text, changes in later.actions.items():
        if text not in earlier.actions:
            found.changes += changes
    acting = [change.target for changes in (*earlier.actions.values(), *later.actions.values()) for change in changes]
    targets = [each.target for each in (*earlier.definitions, *later.definitions)]
    found.targets[file.path] = _distinct([*targets, *acting])
    model = later.model or earlier.model
    if model:
        found.selectors[file.path] = model


def _distinct(targets: Iterable[Target]) -> list[Target]:
    return list(dict.fromkeys(targets))


def _read(path: str, text: str, dialect: str | None) -> _Reading:
    """Return what a text defines, by the reader for its path. Raises `UnreadableError`; no text raises anything else."""
    suffix = PurePosixPath(path).suffix.lower()
    if "\0" in text:
        raise UnreadableError("it is a binary file")
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    try:
        if suffix in _SQL:
            return _read_sql(path, text, dialect)
        if dbt_files.is_seed(path):
            return _Reading(dbt_files.read_seed(path, text), model=PurePosixPath(path).stem)
        definitions = _read_other(path, suffix, text)
    except RecursionError:
        raise UnreadableError("it is nested too deeply") from None
    if not definitions:
        raise UnreadableError(f"it defines no asset that is known here (known are {_KNOWN})")
    return _Reading(definitions)


def _read_other(path: str, suffix: str, text: str) -> list[Definition]:
    if suffix in _YAML:
        documents = read_documents(text)
        properties = [
            each for document in documents if dbt_files.is_properties(document) for each in dbt_files.read_properties(document)
        ]
        return properties or list(yaml_manifests.read_manifests(documents))
    if suffix == ".py":
        return read_python(text)
    if suffix in (".avsc", ".json"):
        data = schema_documents.read_json(text)
        if schema_documents.is_avro(data):
            return [schema_documents.read_avro(path, data)]
        return [schema_documents.read_json_schema(path, data)] if schema_documents.is_json_schema(data) else []
    return protobuf_messages.read_protobuf(path, text) if suffix == ".proto" else []


def _read_sql(path: str, text: str, dialect: str | None) -> _Reading:
    if path.lower().endswith(_ROLLED_BACK):
        raise UnreadableError("it takes a migration back: it acts only when somebody runs it")
    stem = PurePosixPath(path).stem
    if dbt_files.is_model(path, text):
        definitions, used = dbt_files.read_model(path, text, dialect)
        return _Reading(definitions, dialect=used, model=stem)
    text = sql_statements.without_rollback(text)
    statements = sql_parsing.parse_as(text, dialect) if dialect is not None else None
    if statements is None:
        statements, dialect = sql_parsing.parse(text)
    reading = sql_statements.read_statements(path, statements, stem)
    if not (reading.definitions or reading.actions):
        raise UnreadableError("its statements neither define nor change a table or view")
    return _Reading(reading.definitions, dict(reading.actions), dialect)
