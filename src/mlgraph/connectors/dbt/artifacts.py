"""dbt's artifacts: what a payload is, and the versions of their schemas that are read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from mlgraph.domain.payloads.payload import Located

TARGET: Final = "dbt.target"
"""The type of a payload with several artifacts of one project."""
VERSIONS: Final = {"manifest": 12, "run-results": 6, "catalog": 1}
"""The version of each artifact's schema that is read (dbt 1.8 and newer)."""
_SCHEMA: Final = re.compile(r"https://schemas\.getdbt\.com/dbt/(?P<artifact>[a-z-]+)/v(?P<version>\d+)\.json")
_MEMBERS: Final = {"manifest": "manifest", "run_results": "run-results", "catalog": "catalog"}


@dataclass(frozen=True)
class Artifacts:
    """The artifacts in one payload. None: it has none of this kind."""

    manifest: Located | None = None
    catalog: Located | None = None
    run_results: Located | None = None


def artifacts_of(payload: Located) -> Artifacts:
    """Return the artifacts of a payload: several under `type: dbt.target`, or a single one as dbt wrote it.

    Raises `InvalidInput` for another document, and for another version of a schema.
    """
    if payload.mapping().get("type") == TARGET:
        found = {member: artifact for member in _MEMBERS if (artifact := payload.get(member)) is not None}
        for member, artifact in found.items():
            checked(artifact, _MEMBERS[member])
        payload.need("manifest")
        return Artifacts(**found)
    member = checked(payload, None).replace("-", "_")
    return Artifacts(**{member: payload})


def checked(artifact: Located, expected: str | None) -> str:
    """Return which artifact this is. Raises `InvalidInput` if it is not the expected one, or of a version that is not read."""
    schema = artifact.need("metadata").need("dbt_schema_version")
    found = _SCHEMA.fullmatch(schema.text())
    if found is None or found["artifact"] not in VERSIONS or (expected and found["artifact"] != expected):
        known = expected or ", ".join(VERSIONS)
        schema.fail(f"this is no artifact of dbt that is read here: {known}")
    if int(found["version"]) != VERSIONS[found["artifact"]]:
        schema.fail(f"version {found['version']} of {found['artifact']} is not read, only {VERSIONS[found['artifact']]}")
    return found["artifact"]
