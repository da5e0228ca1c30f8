"""The asset of a dataset input: where its source is, else what its source says, else its content (docs/adr/0036)."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from mlgraph.connectors.mlflow.mlflow_instance import MlflowInstance
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.naming.dataset_naming import canonical_dataset, dataset_uri_from_location
from mlgraph.domain.naming.scoping import scoped
from mlgraph.domain.payloads.payload import canonical_json, clean_text
from mlgraph.domain.redaction.json_values import redact_url
from mlgraph.domain.uri import MAX_URI_CHARS, AssetUri

_PLACES: Final = ("uri", "url", "path")
_TABLES: Final = ("delta_table_name", "table_name", "table")
_QUERIES: Final = ("sql", "query")
_HUB: Final = "hf://datasets"
_HUB_PARTS: Final = ("config_name", "data_dir", "data_files", "revision", "split")
_HUB_KEYS: Final = frozenset(_HUB_PARTS)
_BUILDERS: Final = frozenset({"arrow", "csv", "json", "parquet", "text", "webdataset", "imagefolder", "audiofolder"})
"""Datasets of the Hugging Face library that read files from elsewhere."""
_URL: Final = re.compile(r"(?P<place>(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]+)://[^/?#]+)/*(?P<path>.*)", re.DOTALL)
_SCHEME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+:")
_TABLE_OF_PATH: Final = re.compile(r"(?:delta|parquet|iceberg|csv|json|orc|avro)\.`(?P<path>[^`]+)`", re.IGNORECASE)
_SPACES: Final = re.compile(r"\s+")
_LONGEST_NAME: Final = 2000


@dataclass(frozen=True, slots=True)
class ReportedDataset:
    """A dataset as a run reports it. `source` is the JSON value of its source, or its text if that is not JSON."""

    name: str
    digest: str | None
    source: object
    experiment_id: str | None = None


def dataset_uri(instance: MlflowInstance, dataset: ReportedDataset) -> AssetUri:
    """Return the asset of a dataset.

    A source that names a place gives the name that other tools use for it. A source that names something without its place
    (a table, a query, a relative path) gives a name within the instance. Otherwise the dataset is its content: name and digest.
    """
    source = _members(dataset.source)
    name = _within_instance(source, dataset.experiment_id) or _by_content(dataset)
    return _placed(instance, source) or instance.uri("dataset", _bounded(name))


def _members(source: object) -> Mapping[str, Any]:
    """Return the members of a source; one that is a text, because a client wrote it there itself, is a location."""
    if isinstance(source, str):
        text = clean_text(source.strip())
        return {"uri": text} if text.startswith("/") or _URL.fullmatch(text) else {}
    return source if isinstance(source, dict) else {}


def _placed(instance: MlflowInstance, source: Mapping[str, Any]) -> AssetUri | None:
    """Return the dataset at the place that a source names; None if it names none."""
    if hub := _on_hub(source):
        return _dataset(_HUB, hub, None)
    places = [_absolute(place) for place in _texts(source, _PLACES)]
    tables = _texts(source, _TABLES)
    files = _texts(source, ("data_files",)) if _text(source, "path") in _BUILDERS else []
    paths = [of_path["path"] for table in tables if (of_path := _TABLE_OF_PATH.fullmatch(table))]
    for location in (*places, *files, *paths, *tables):
        if found := dataset_uri_from_location(location, instance.scope):
            return found
    urls = [url for place in places if (url := _URL.fullmatch(place))]
    for url in urls:
        for table in tables:
            return _dataset(*canonical_dataset(url.string, table), instance.scope)
    if _texts(source, _QUERIES):
        return None
    return next((_dataset(_without_login(url), redact_url(url["path"]).strip("/") or "/", instance.scope) for url in urls), None)


def _on_hub(source: Mapping[str, Any]) -> str | None:
    """Return the name of a dataset on the Hugging Face hub, with what selects a part of it; None if the source is none."""
    path = _text(source, "path")
    if path is None or not (_HUB_KEYS & source.keys()) or path in _BUILDERS or path.startswith((".", "/")) or _SCHEME.match(path):
        return None
    parts = [(key, _compact(source[key])) for key in _HUB_PARTS if source.get(key) not in (None, "", "None", [], {})]
    return f"{path}?{urlencode(parts)}" if parts else path


def _within_instance(source: Mapping[str, Any], experiment_id: str | None) -> str | None:
    """Return the name of something whose place the source does not name: a table, a query, an id of MLflow, a path."""
    places = _texts(source, _PLACES)
    if tables := _texts(source, _TABLES):
        return f"table:{tables[0].replace('`', '').replace(chr(34), '').lower()}"
    if queries := _texts(source, _QUERIES):
        text = canonical_json([[redact_url(place) for place in places], _SPACES.sub(" ", queries[0]).strip()])
        return f"query:{_digest(text)}"
    if dataset_id := _text(source, "dataset_id"):
        return f"dataset:{dataset_id}"
    if not places:
        return None
    if _SCHEME.match(places[0]) and not places[0].lower().startswith("file:"):
        return redact_url(places[0])  # runs:/RUN/PATH, mlflow-artifacts:/PATH: a place of this instance
    path = posixpath.normpath(places[0].removeprefix("file:"))
    selected = {key: source[key] for key in _HUB_PARTS if source.get(key) not in (None, "", "None", [], {})}
    return f"file:{experiment_id or ''}/{path}" + (f"?{urlencode(sorted(selected.items()))}" if selected else "")


def _by_content(dataset: ReportedDataset) -> str:
    if dataset.digest:
        return f"{dataset.name}@{dataset.digest}"
    return f"{dataset.name}@experiment:{dataset.experiment_id or ''}"


def _absolute(place: str) -> str:
    """Return a place as other tools write it: Spark reports a volume of Unity Catalog as a path of `dbfs`."""
    return f"dbfs:{place}" if place.startswith("/Volumes/") else place


def _without_login(url: re.Match[str]) -> str:
    scheme, _, host = url["place"].partition("://")
    return f"{scheme.lower()}://{host.rpartition('@')[2].lower()}"


def _dataset(namespace: str, name: str, scope: str | None) -> AssetUri | None:
    try:
        uri = AssetUri("dataset", scoped(namespace, scope), _bounded(name))
    except InvalidInput:
        return None
    return uri if len(str(uri)) <= MAX_URI_CHARS else None


def _texts(source: Mapping[str, Any], keys: tuple[str, ...]) -> list[str]:
    return [text for key in keys if (text := _text(source, key))]


def _text(source: Mapping[str, Any], key: str) -> str | None:
    found = source.get(key)
    return found.strip() or None if isinstance(found, str) else None


def _compact(value: object) -> str:
    return value if isinstance(value, str) else canonical_json(value)


def _bounded(name: str) -> str:
    """Return a name, cut and with its digest at the end if it is longer than names of datasets may be."""
    if len(name.encode()) <= _LONGEST_NAME:
        return name
    return f"{name.encode()[: _LONGEST_NAME - 40].decode(errors='ignore')}~{_digest(name)}"


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
