"""The artifacts in the folder `target/` of a project, as one payload."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import yaml

from mlgraph.connectors.dbt.artifacts import TARGET
from mlgraph.connectors.dbt.stored_copy import trimmed
from mlgraph.domain.errors import InvalidInput, MlgraphError
from mlgraph.domain.naming.dbt_nodes import TOOL, command_job
from mlgraph.domain.naming.relative_places import project_namespace
from mlgraph.domain.payloads.payload import decode_json
from mlgraph.domain.uri import AssetUri
from mlgraph.ports.folder_reader import FolderContent, FolderSettings
from mlgraph.sources.dbt.profiles import place_of

_MANIFEST: Final = "manifest"
_ARTIFACTS: Final = (_MANIFEST, "catalog", "run_results")
_NO_PLACE: Final = (
    "The place of the tables is not known: they are named within the project until dbt-ol reports it. Add --place or --profiles."
)
_NO_CATALOG: Final = "There is no catalog.json: columns have no types. dbt docs generate writes it."
_NO_RESULTS: Final = "There is no run_results.json: no runs and no results of tests."


class TargetFolder:
    """Reads the artifacts of one project."""

    def read(self, folder: Path, settings: FolderSettings) -> FolderContent:
        """Return the payload of the artifacts in `folder`, the project's own or its `target/`. Raises `InvalidInput`."""
        target = folder if (folder / "manifest.json").exists() else folder / "target"
        if not (target / "manifest.json").exists():
            raise InvalidInput(f"{folder} has no manifest.json: run dbt build, or give the folder target/ of the project")
        artifacts = {name: _artifact(target / f"{name}.json") for name in _ARTIFACTS if (target / f"{name}.json").exists()}
        arguments = _mapping(artifacts.get("run_results", {}).get("args"))
        reported = arguments.get("project_dir")
        directory = reported if isinstance(reported, str) else str(target.resolve().parent)
        place = settings.place
        if place is None and settings.profiles is not None:
            place = place_of(settings.profiles, _profile(arguments, target.resolve().parent), _text(arguments.get("target")))
        payload: dict[str, Any] = {"type": TARGET, **trimmed(artifacts), "directory": directory}
        payload |= {"place": place} if place is not None else {}
        if jobs := os.environ.get("OPENLINEAGE_NAMESPACE"):
            payload["namespace"] = jobs
        project = _text(_mapping(artifacts[_MANIFEST].get("metadata")).get("project_name"))
        if not project:
            raise InvalidInput(f"{target / 'manifest.json'} names no project: it is not complete")
        subject = AssetUri("workflow", project_namespace(TOOL, project, settings.scope), command_job(project))
        missing = {_NO_PLACE: place is None, _NO_CATALOG: "catalog" not in artifacts, _NO_RESULTS: "run_results" not in artifacts}
        summary = f"{', '.join(f'{name}.json' for name in artifacts)} of the project {project}"
        return FolderContent(payload, subject, summary, tuple(note for note, applies in missing.items() if applies))

    def former(self, state: dict[str, Any]) -> dict[str, Any] | None:
        """Return the assets of the manifest before."""
        assets = _mapping(_mapping(state.get("properties")).get("dbt")).get("assets")
        return {"assets": assets} if isinstance(assets, list) else None


def _artifact(file: Path) -> dict[str, Any]:
    try:
        found = decode_json(file.read_bytes())
    except OSError as error:
        raise InvalidInput(f"{file}: {error.strerror}") from None
    except MlgraphError as error:
        raise InvalidInput(f"{file}: {error.detail}") from None
    if not isinstance(found, dict):
        raise InvalidInput(f"{file} is no artifact of dbt")
    return found


def _profile(arguments: dict[str, Any], project: Path) -> str | None:
    """Return the name of the profile that the command used, or that the project names."""
    if isinstance(arguments.get("profile"), str):
        return _text(arguments["profile"])
    try:
        return _text(_mapping(yaml.safe_load((project / "dbt_project.yml").read_text("utf-8"))).get("profile"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
