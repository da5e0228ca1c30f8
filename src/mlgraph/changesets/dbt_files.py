"""Files of a dbt project: models and snapshots in SQL with Jinja, seeds, and the properties of models and sources in YAML."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Final

from sqlglot import exp

from mlgraph.changesets.definitions import ColumnDefinition, Columns, Definition, Target, UnreadableError
from mlgraph.changesets.jinja_text import RenderedTemplate, render
from mlgraph.changesets.sql_parsing import parse, parse_as
from mlgraph.changesets.sql_statements import of_query
from mlgraph.changesets.yaml_documents import Yaml, as_list, as_map, as_text

_MODELS: Final = frozenset({"models", "snapshots", "analyses"})
_JINJA: Final = re.compile(r"\{[{%]")
_SNAPSHOT: Final = re.compile(r"\{%-?\s*snapshot\s+(\w+)")
_SECTIONS: Final = ("models", "snapshots", "seeds")


def is_model(path: str, text: str) -> bool:
    """Return whether an SQL file is a model of dbt: it lies in a folder of models, or has Jinja in it."""
    parts = PurePosixPath(path).parts[:-1]
    return any(part in _MODELS for part in parts) or _JINJA.search(text) is not None


def is_seed(path: str) -> bool:
    """Return whether a file is a seed: a CSV file that dbt loads as a table."""
    place = PurePosixPath(path)
    return place.suffix.lower() in (".csv", ".tsv") and "seeds" in place.parts[:-1]


def read_model(path: str, text: str, dialect: str | None = None) -> tuple[list[Definition], str]:
    """Return what a model defines, and the dialect that reads it (`dialect`, if that does). Raises `UnreadableError`."""
    rendered = render(text)
    if rendered.only_macros:
        raise UnreadableError("it defines macros: which models use them is not known")
    statements = parse_as(rendered.sql, dialect) if dialect is not None else None
    if statements is None:
        statements, dialect = parse(rendered.sql)
    queries = [statement for statement in statements if isinstance(statement, exp.Query)]
    if not queries:
        raise UnreadableError("a model needs a query")
    return [of_query(_target(path, text, rendered), queries[-1])], dialect or ""


def _target(path: str, text: str, rendered: RenderedTemplate) -> Target:
    stem = PurePosixPath(path).stem
    snapshot = _SNAPSHOT.search(text)
    name = rendered.settings.get("alias") or (snapshot[1] if snapshot else stem)
    return Target("dataset", name, rendered.settings.get("schema", ""))


def read_seed(path: str, text: str) -> list[Definition]:
    """Return the table that a seed defines, with the columns of its header."""
    first = text.lstrip("\ufeff").splitlines()[:1]
    if not first or not first[0].strip():
        raise UnreadableError("a seed needs a header", 1)
    delimiter = "\t" if path.lower().endswith(".tsv") else ","
    header = next(csv.reader(first, delimiter=delimiter))
    columns = {
        name.strip().lower(): ColumnDefinition(name.strip(), expression=name.strip().lower()) for name in header if name.strip()
    }
    rows = text.partition("\n")[2]
    return [Definition(Target("dataset", PurePosixPath(path).stem), columns, content=" ".join(rows.split()), form="seed")]


def is_properties(document: Yaml) -> bool:
    """Return whether a YAML document has properties of dbt's models, seeds, snapshots or sources."""
    data = as_map(document)
    return any(isinstance(data.get(section), list) for section in (*_SECTIONS, "sources"))


def read_properties(document: Yaml) -> Iterator[Definition]:
    """Yield what properties say about models and sources: names and types of columns. Descriptions and tests say nothing.

    Only an enforced contract makes a column; without one, a column that is no longer listed may still be there.
    """
    data = as_map(document)
    for section in _SECTIONS:
        for item in as_list(data.get(section)):
            model = as_map(item)
            config = as_map(model.get("config"))
            name = as_text(config.get("alias")) or as_text(model.get("name"))
            if name:
                is_enforced = as_text(as_map(config.get("contract") or model.get("contract")).get("enforced")) == "true"
                schema = as_text(config.get("schema")) or ""
                yield _described(Target("dataset", name, schema), model, certain=is_enforced)
    for item in as_list(data.get("sources")):
        source = as_map(item)
        schema = as_text(source.get("schema")) or as_text(source.get("name")) or ""
        for each in as_list(source.get("tables")):
            table = as_map(each)
            name = as_text(table.get("identifier")) or as_text(table.get("name"))
            if name:
                yield _described(Target("dataset", name, schema), table, certain=False)


def _described(target: Target, model: Mapping[str, Yaml], *, certain: bool) -> Definition:
    return Definition(target, _columns(model), creates=False, certain=certain, form="properties")


def _columns(model: Mapping[str, Yaml]) -> Columns | None:
    found: dict[str, ColumnDefinition] = {}
    for item in as_list(model.get("columns")):
        column = as_map(item)
        name = as_text(column.get("name"))
        if name:
            kind = as_text(column.get("data_type"))
            found[name.lower()] = ColumnDefinition(name, kind.lower() if kind else None)
    return found or None
