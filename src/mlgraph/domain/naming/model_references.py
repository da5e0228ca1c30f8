"""Model references: texts with which tools name a version of a registered model (ADR 0052, docs/naming.md#model-references).

A reference is a name of a model version within one registry. That of a number is the version's own name; every other one is a
name of its own, `mlg://model_version/REGISTRY/REFERENCE`, which the connector of the registry declares an alias of the version
that it means. So a reference means the same version whatever arrives first, and `@champion` means another one at another time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.naming.dataset_naming import dataset_uri_from_location
from mlgraph.domain.uri import MAX_URI_CHARS, AssetUri

ReferenceForm = Literal["version", "alias", "logged_model", "run", "location"]

_MAX_CHARS: Final = 2048
_PART: Final = r"[^/:?#\x00-\x1f\x7f]+"
_VERSION: Final = re.compile(rf"models:/(?P<name>{_PART})/(?P<version>\d{{1,18}})", re.ASCII)
_ALIAS: Final = re.compile(rf"models:/(?P<name>{_PART})@(?P<alias>[\w.-]+)", re.ASCII)
_LOGGED_MODEL: Final = re.compile(r"models:/(?P<id>m-[0-9A-Za-z]+)")
_RUN: Final = re.compile(r"runs:/(?P<run>[\w-]+)/(?P<path>[^?#\x00-\x1f\x7f]+)", re.ASCII)
_STORED: Final = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*):/[^?#\x00-\x1f\x7f]*|/[^?#\x00-\x1f\x7f]*", re.IGNORECASE)
"""A location: a URL without query and fragment, or an absolute path."""
_LOGGED_FOLDER: Final = re.compile(r"/models/(?P<id>m-[0-9a-f]{32})/artifacts")
_RUN_FOLDER: Final = re.compile(r"/(?P<run>[0-9a-f]{32})/artifacts/(?P<path>.+)")
"""How MLflow lays out its artifact stores, whatever their roots: ids of 128 random bits, which no other folder has."""
_FILES: Final = frozenset({"s3", "s3a", "s3n", "gs", "gcs", "abfs", "abfss", "wasb", "wasbs", "hdfs", "dbfs"})
"""Schemes of the stores in which a location means the same for everybody."""


@dataclass(frozen=True, slots=True)
class ModelReference:
    """A reference to a model version: its form, and its name within the registry, which all spellings of it share."""

    form: ReferenceForm
    name: str

    def within(self, registry: str) -> AssetUri:
        """Return the model version that the reference names in a registry, given by its namespace (`mlflow:prod`)."""
        return AssetUri("model_version", registry, self.name)


def model_reference(text: str, *, at_location: bool = False) -> ModelReference | None:
    """Return the reference that `text`, as a whole, is; None if it is none.

    | text | form | name |
    |---|---|---|
    | `models:/NAME/7` | version | `NAME/7` |
    | `models:/NAME@ALIAS` | alias | `NAME@ALIAS` |
    | `models:/m-ID`, and a location that ends in `/models/m-ID/artifacts` | logged_model | `models:/m-ID` |
    | `runs:/RUN/PATH`, and a location that ends in `/RUN/artifacts/PATH` | run | `runs:/RUN/PATH` |
    | any other location in an object store, with `at_location` | location | `s3://BUCKET/KEY` |

    Stages (`models:/NAME/Production`) and `latest` name no version. `at_location`: whether the text is known to say where a model
    is stored, as `storageUri` of KServe does. Otherwise a location is one only by the ids that MLflow writes into it.
    """
    complete = text.strip()
    if not complete or len(complete) > _MAX_CHARS:
        return None
    found = _by_scheme(complete) or _by_location(complete.rstrip("/"), at_location=at_location)
    return found if found is not None and _fits(found) else None


def alias_reference(model: str, alias: str) -> ModelReference:
    """Return the reference `models:/MODEL@ALIAS`."""
    return ModelReference("alias", f"{model}@{alias}")


def run_reference(run: str, path: str) -> ModelReference | None:
    """Return the reference `runs:/RUN/PATH`; None for a path that leaves its folder or is empty."""
    parts = [part for part in path.split("/") if part]
    if not parts or ".." in parts or "." in parts:
        return None
    return ModelReference("run", f"runs:/{run}/{'/'.join(parts)}")


def _by_scheme(text: str) -> ModelReference | None:
    if found := _VERSION.fullmatch(text):
        return ModelReference("version", f"{found['name']}/{int(found['version'])}")
    if found := _LOGGED_MODEL.fullmatch(text):
        return ModelReference("logged_model", f"models:/{found['id']}")
    if found := _ALIAS.fullmatch(text):
        return alias_reference(found["name"], found["alias"])
    if found := _RUN.fullmatch(text):
        return run_reference(found["run"], found["path"])
    return None


def _by_location(text: str, *, at_location: bool) -> ModelReference | None:
    located = _STORED.fullmatch(text)
    if located is None:
        return None
    if found := _last(_LOGGED_FOLDER, text):
        return ModelReference("logged_model", f"models:/{found['id']}")
    if found := _last(_RUN_FOLDER, text):
        return run_reference(found["run"], found["path"])
    if not at_location or (located["scheme"] or "").lower() not in _FILES:
        return None
    dataset = dataset_uri_from_location(text)
    if dataset is None or dataset.name == "/":
        return None
    return ModelReference("location", f"{dataset.namespace}/{dataset.name.lstrip('/')}")


def _last(folder: re.Pattern[str], text: str) -> re.Match[str] | None:
    """Return the match of `folder` that ends `text`."""
    return next((found for found in folder.finditer(text) if found.end() == len(text)), None)


def _fits(reference: ModelReference) -> bool:
    """Return whether the reference can be part of a URI, beside a namespace of usual length."""
    try:
        return len(str(reference.within("registry"))) <= MAX_URI_CHARS - _MAX_CHARS // 2
    except InvalidInput:
        return False
