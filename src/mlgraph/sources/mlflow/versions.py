"""The registered versions of each logged model: those that name it, those of its run's artifact, and the copies of these."""

from __future__ import annotations

import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Final

from mlgraph.sources.http import MISSING, Json
from mlgraph.sources.mlflow.api import MlflowApi, each, info_of, text_of, time_of

_COPY: Final = re.compile(r"models:/(?P<name>.+)/(?P<version>\d+)", re.DOTALL)
_MODEL: Final = re.compile(r"models:/(?P<id>m-[^/@]+)")
_MODEL_ARTIFACTS: Final = re.compile(r".*/models/(?P<id>m-[^/]+)/artifacts/?", re.DOTALL)
_OF_RUN: Final = re.compile(r"runs:/(?P<run>[^/]+)/.+", re.DOTALL)
_RUN_ARTIFACTS: Final = re.compile(r".*/(?P<run>[0-9a-f]{32})/artifacts(/.*)?", re.DOTALL)
_FRESH_S: Final = 10.0

Key = tuple[str, str]
"""Name and number of a version."""


class VersionIndex:
    """The versions in the registry by the location of their model. A listing refreshes it; it is thread-safe.

    `copy_model_version` makes a version with the source `models:/NAME/VERSION`. MLflow does not change that text when the
    original is renamed or deleted, but answers where the model of the copy is.
    """

    def __init__(self, api: MlflowApi, monotonic: Callable[[], float] = time.monotonic) -> None:
        """List versions through `api`."""
        self._api, self._monotonic = api, monotonic
        self._lock = threading.Lock()
        self._listed_at: float | None = None
        self._versions: dict[Key, Json] = {}
        self._groups: dict[str, list[Json]] = {}
        self._downloads: dict[tuple[str, str, int], str] = {}
        """The locations of copies, which do not change; by source, version and time of creation."""

    def refresh(self, *, max_age_s: float = 0.0) -> None:
        """List all versions, unless that was done at most `max_age_s` seconds ago."""
        with self._lock:
            if self._listed_at is not None and self._monotonic() - self._listed_at < max_age_s:
                return
            started_at = self._monotonic()
            self._versions = {_key(one): one for one in each(self._api.model_versions)}
            groups: dict[str, list[Json]] = defaultdict(list)
            for one in self._versions.values():
                groups[self._root(one)].append(one)
            self._groups, self._listed_at = groups, started_at

    def all(self) -> Sequence[Json]:
        """Return all versions of the last listing."""
        return list(self._versions.values())

    def of_model(self, model: Json) -> list[Json]:
        """Return the versions of a logged model."""
        self.refresh(max_age_s=_FRESH_S)
        return [one for root in roots_of(model) for one in self._groups.get(root, [])]

    def groups(self) -> dict[str, frozenset[tuple[str, str, int]]]:
        """Return name, number and time of creation of the versions of each model, by its location, at the last listing."""
        return {root: frozenset((*_key(one), _created(one)) for one in group) for root, group in self._groups.items()}

    def root_of(self, version: Json) -> str:
        """Return where the model of a version is: `models:/m-ID`, `runs:/RUN/NAME`, or another location."""
        self.refresh(max_age_s=_FRESH_S)
        with self._lock:
            return self._root(version)

    def original_of(self, version: Json) -> Json | None:
        """Return the version of which this one is a copy; None if it is no copy, or the original does not exist any more."""
        copied = _COPY.fullmatch(str(version.get("source", "")))
        if copied is None:
            return None
        self.refresh(max_age_s=_FRESH_S)
        with self._lock:
            named = self._original(version)
            if named is not None:
                return named
            candidates = [  # it was renamed: its number and its model are the same
                one
                for one in self._groups.get(self._root(version), [])
                if one.get("version") == copied["version"]
                and one.get("source") != version.get("source")
                and _created(one) <= _created(version)
                and _key(one) != _key(version)
            ]
        return min(candidates, key=lambda one: (_created(one), _key(one)), default=None)

    def _original(self, version: Json) -> Json | None:
        copied = _COPY.fullmatch(str(version.get("source", "")))
        found = self._versions.get((copied["name"], copied["version"])) if copied else None
        is_older = found is not None and _created(found) <= _created(version) and _key(found) != _key(version)
        return found if is_older else None

    def _root(self, version: Json) -> str:
        seen = {_key(version)}
        while (original := self._original(version)) is not None and _key(original) not in seen:
            seen.add(_key(original))
            version = original
        source = str(version.get("source", ""))
        if source.startswith("models:/") and not _MODEL.fullmatch(source):
            source = self._download(version) or source
        artifacts = _MODEL_ARTIFACTS.fullmatch(source)
        return f"models:/{artifacts['id']}" if artifacts else source

    def _download(self, version: Json) -> str:
        key = str(version.get("source")), str(version.get("version")), _created(version)
        if key not in self._downloads:
            found = self._api.download_location(*_key(version))
            self._downloads[key] = "" if found is MISSING else found
        return self._downloads[key]


def roots_of(model: Json) -> list[str]:
    """Return the locations of a logged model."""
    info = info_of(model)
    return [f"models:/{info.get('model_id')}", f"runs:/{info.get('source_run_id')}/{info.get('name')}"]


def model_of(root: str) -> str | None:
    """Return the id of the logged model at a location of `VersionIndex.root_of`; None if it has none of its own."""
    found = _MODEL.fullmatch(root)
    return found["id"] if found else None


def run_of(root: str) -> str | None:
    """Return the id of the run at whose artifacts a location is; None if it is elsewhere."""
    found = _OF_RUN.fullmatch(root) or _RUN_ARTIFACTS.fullmatch(root)
    return found["run"] if found else None


def _key(version: Json) -> Key:
    return text_of(version, "name"), text_of(version, "version")


def _created(version: Json) -> int:
    return time_of(version, "creation_timestamp")
