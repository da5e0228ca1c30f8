"""The place of a project's tables, from `profiles.yml`: type, host, port, account and path; never a password."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from mlgraph.domain.errors import InvalidInput

_ENV_VAR: Final = re.compile(
    r"\{\{\s*env_var\(\s*(['\"])(?P<name>\w+)\1\s*(?:,\s*(['\"])(?P<default>.*?)\3\s*)?\)\s*(?:\|[^}]*)?\}\}"
)
_ADVICE: Final = "give the place of the tables with --place"


def place_of(profiles: Path, profile: str | None, target: str | None) -> str:
    """Return the place of the tables of a profile, as events of `dbt-ol` name it (openlineage-dbt, `extract_namespace`).

    `profile` and `target` None: the only one, and the default one. Raises `InvalidInput` for a missing file, profile or field.
    """
    file = profiles / "profiles.yml" if profiles.is_dir() else profiles
    try:
        document = yaml.safe_load(file.read_text("utf-8"))
    except OSError as error:
        raise InvalidInput(f"{file}: {error.strerror}; {_ADVICE}") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise InvalidInput(f"{file} is no YAML that can be read; {_ADVICE}") from None
    found = {key: value for key, value in _mapping(document).items() if key != "config"}
    name = profile or (next(iter(found)) if len(found) == 1 else None)
    chosen = _mapping(found.get(name))
    if not chosen:
        raise InvalidInput(f"{file} has no profile {name or ''}: it has {', '.join(map(str, found)) or 'none'}; {_ADVICE}")
    outputs = _mapping(chosen.get("outputs"))
    wanted = target or _text(chosen.get("target", "default"))
    output = _mapping(outputs.get(wanted))
    if not output:
        raise InvalidInput(f"{file}: profile {name} has no output {wanted}; {_ADVICE}")
    return _place(output, f"{file}: profile {name}, output {wanted}")


def _place(output: Mapping[str, Any], where: str) -> str:
    kind = _text(output.get("type"))
    make = _PLACES.get(kind)
    if make is None:
        raise InvalidInput(f"{where}: the place of the adapter {kind!r} is not known; {_ADVICE}")
    try:
        return make({key: _text(value) for key, value in output.items() if key in _FIELDS})
    except KeyError as error:
        raise InvalidInput(f"{where} has no {error.args[0]!r}; {_ADVICE}") from None


_FIELDS: Final = ("type", "host", "port", "account", "path", "server", "cluster", "region_name", "method", "schema")


def _at_host(scheme: str, port: str | None = None) -> Callable[[Mapping[str, str]], str]:
    def place(output: Mapping[str, str]) -> str:
        found = output.get("port") or port
        return f"{scheme}://{output['host']}" + (f":{found}" if found else "")

    return place


_PLACES: Final[dict[str, Callable[[Mapping[str, str]], str]]] = {
    "duckdb": lambda output: f"duckdb://{output.get('path') or ':memory:'}",
    "snowflake": lambda output: f"snowflake://{output['account']}",
    "bigquery": lambda _: "bigquery",
    "postgres": _at_host("postgres", "5432"),
    "redshift": _at_host("redshift", "5439"),
    "clickhouse": _at_host("clickhouse", "8123"),
    "trino": _at_host("trino", "8080"),
    "presto": _at_host("presto", "8080"),
    "databricks": lambda output: f"databricks://{output['host']}",
    "spark": _at_host("spark", "10000"),
    "sqlserver": lambda output: f"mssql://{output['server']}:{output.get('port') or '1433'}",
    "athena": lambda output: f"awsathena://athena.{output['region_name']}.amazonaws.com",
}


def _mapping(value: object) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    """Return a value of the profile, with the environment variables that it reads. Raises `InvalidInput` for other templates."""
    text = _ENV_VAR.sub(_variable, str(value))
    if "{{" in text or "{%" in text:
        raise InvalidInput(f"the profile computes a value that only dbt can read; {_ADVICE}")
    return text


def _variable(found: re.Match[str]) -> str:
    value = os.environ.get(found["name"], found["default"])
    if value is None:
        raise InvalidInput(f"the profile needs the environment variable {found['name']}, which is not set; set it, or {_ADVICE}")
    return value
