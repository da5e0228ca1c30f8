"""Parts of the OpenAPI document: descriptions and examples of request bodies, answers and errors."""

from __future__ import annotations

from typing import Any, Final

from mlgraph.api.http.problems import MEDIA_TYPE
from mlgraph.api.schema import discovery_examples, portal_examples, scene_examples, similar_examples
from mlgraph.client.answer_shapes import ingest_shapes, name_shapes, shapes
from mlgraph.client.answer_shapes.changed_files_shapes import ChangedFilesImpact
from mlgraph.client.answer_shapes.propagation_shapes import Propagation
from mlgraph.client.answer_shapes.search_shapes import Search

_LAKE: Final = "mlg://dataset/s3%3A%2F%2Flake/ratings%2Fdaily"
_OLD: Final = "mlg://dataset/s3%3A%2F%2Flake/ratings%2Fold"
_JOB: Final = "mlg://workflow/etl/clean_ratings"
_CLEAN: Final = "mlg://dataset/s3%3A%2F%2Flake/ratings%2Fclean"
_TIME: Final = "2026-11-01T00:00:00Z"
_AS_OF: Final = "2026-11-21T10:00:00Z"

PROBLEM_EXAMPLE: Final[shapes.Problem] = {
    "type": "urn:mlgraph:problem:unknown-asset",
    "title": "Unknown asset",
    "status": 404,
    "detail": f"{_LAKE} is unknown: no fact names it, neither as an asset nor in an edge; mlgraph export lists all known names",
}
INGESTED: Final[ingest_shapes.Ingested] = {
    "accepted": 2,
    "duplicates": 1,
    "rejected": [{"index": 3, "pointer": "/edge/source", "message": "'source' is missing"}],
    "watermark": 42,
}
_WARNING: Final[ingest_shapes.Warned] = {"pointer": "/inputs/0/name", "message": "left out: must not be empty"}
WRITTEN: Final[ingest_shapes.Written] = {"watermark": 42, "warnings": [_WARNING], "warnings_total": 1}
INGESTED_EVENTS: Final[ingest_shapes.IngestedEvents] = {
    "accepted": 2,
    "duplicates": 1,
    "rejected": [{"index": 3, "pointer": "/eventTime", "message": "'eventTime' is missing"}],
    "watermark": 42,
    "warnings": [{"index": 0, "pointer": "/inputs/0/name", "message": "left out: must not be empty"}],
    "warnings_total": 1,
}
_FOLDED: Final[shapes.Folded] = {"count": 0, "by_rule": {}}
LINEAGE: Final[shapes.Lineage] = {
    "root": _LAKE,
    "direction": "downstream",
    "level": "asset",
    "as_of": _AS_OF,
    "ambiguous": [],
    "nodes": [
        {"uri": _LAKE, "kind": "dataset", "name": "ratings/daily", "distance": 0, "certainty": "certain"},
        {"uri": _JOB, "kind": "workflow", "name": "clean_ratings", "distance": 1, "certainty": "certain"},
        {"uri": _CLEAN, "kind": "dataset", "name": "ratings/clean", "distance": 2, "certainty": "certain"},
    ],
    "edges": [
        {"source": _LAKE, "relation": "input_to", "target": _JOB, "origins": ["facts"], "certainty": "certain"},
        {"source": _JOB, "relation": "outputs", "target": _CLEAN, "origins": ["facts"], "certainty": "certain"},
    ],
    "total": 3,
    "partial": False,
    "reason": None,
    "frontier": None,
    "folded": _FOLDED,
    "cold_runs": 0,
    "watermark": 42,
}
IMPACT: Final[shapes.Impact] = {
    "root": _LAKE,
    "change": "schema",
    "ambiguous": [],
    "affected": [
        {
            "uri": _JOB,
            "kind": "workflow",
            "name": "clean_ratings",
            "distance": 1,
            "severity": "medium",
            "effect": "breaks_next_run",
            "certainty": "certain",
            "owners": ["mlg://team/org/data"],
            "path": [_LAKE, _JOB],
        }
    ],
    "by_severity": {"medium": 1},
    "notify": [{"owner": "mlg://team/org/data", "assets": [_JOB]}],
    "as_of": _AS_OF,
    "level": "asset",
    "total": 1,
    "partial": False,
    "reason": None,
    "frontier": None,
    "folded": _FOLDED,
    "cold_runs": 0,
    "watermark": 42,
}
PROPAGATION: Final[Propagation] = {
    "root": _LAKE,
    "since": _TIME,
    "as_of": _AS_OF,
    "workflows": [
        {
            "uri": _JOB,
            "kind": "workflow",
            "name": "clean_ratings",
            "distance": 1,
            "certainty": "certain",
            "state": "failed",
            "run": "mlg://run/etl/0196d6b2-5f3e-7c1a-9a53-0d2c7e1b4f60",
            "since": "2026-11-02T03:00:00Z",
            "missing": [_LAKE],
            "waits_on": [],
            "owners": ["mlg://team/org/data"],
        }
    ],
    "assets": [
        {
            "uri": _CLEAN,
            "kind": "dataset",
            "name": "ratings/clean",
            "distance": 2,
            "certainty": "certain",
            "state": "stale",
            "run": None,
            "since": None,
            "owners": [],
        }
    ],
    "by_state": {"workflows": {"failed": 1}, "assets": {"stale": 1}},
    "remind": [{"owner": "mlg://team/org/data", "assets": [_JOB]}],
    "total": 2,
    "partial": False,
    "reason": None,
    "frontier": None,
    "watermark": 42,
}
SEARCH: Final[Search] = {
    "q": "ratings",
    "hits": [
        {
            "uri": _LAKE,
            "kind": "dataset",
            "name": "ratings/daily",
            "description": "What viewers rated, a file each day",
            "owners": ["mlg://team/org/data"],
            "owner_names": ["data"],
            "tags": ["gold"],
            "team": "mlg://team/org/data",
            "platform": "s3",
            "environment": None,
            "state": "live",
            "successor": None,
            "score": 0.0328,
            "matched": [{"field": "name", "words": ["ratings"]}, {"field": "description", "words": ["rated"]}],
        }
    ],
    "facets": {
        "kind": {"dataset": 1},
        "platform": {"s3": 1},
        "environment": {},
        "team": {"mlg://team/org/data": 1},
        "owner": {"mlg://team/org/data": 1},
        "tag": {"gold": 1},
        "state": {"live": 1},
    },
    "facets_others": {},
    "total": 1,
    "total_is": "exact",
    "partial": False,
    "reason": None,
    "frontier": None,
    "omitted_words": 0,
    "watermark": 42,
}
PATH: Final[shapes.Path] = {
    "source": _LAKE,
    "target": _CLEAN,
    "direction": "downstream",
    "level": "asset",
    "path": [
        {"uri": _LAKE, "kind": "dataset", "name": "ratings/daily", "relation": None},
        {"uri": _JOB, "kind": "workflow", "name": "clean_ratings", "relation": "input_to"},
        {"uri": _CLEAN, "kind": "dataset", "name": "ratings/clean", "relation": "outputs"},
    ],
    "certainty": "certain",
    "as_of": _AS_OF,
    "folded": _FOLDED,
    "cold_runs": 0,
    "watermark": 42,
}
WHY: Final[shapes.Why] = {
    "source": _LAKE,
    "relation": "input_to",
    "target": _JOB,
    "holds": True,
    "as_of": _AS_OF,
    "origins": [
        {
            "origin": "facts",
            "valid_from": _TIME,
            "valid_to": None,
            "properties": {},
            "recorded_at": "2026-11-01T00:00:01Z",
            "actor": "local",
        }
    ],
    "rule": None,
    "path": [],
    "path_as_of": None,
    "cold_runs": 0,
    "watermark": 42,
}
NAMES: Final[name_shapes.Names] = {
    "uri": _LAKE,
    "asset": _LAKE,
    "names": [
        {"name": _OLD, "asset": _LAKE, "valid_from": _TIME, "valid_to": None, "decision": "same"},
    ],
    "ambiguous": [],
    "watermark": 42,
}
CHANGED_FILES: Final[ChangedFilesImpact] = {
    "verdict": "1 breaks at its next run, in 1 team",
    "failed": [],
    "counts": {"breaks_now": 0, "breaks_next_run": 1, "tainted": 0, "possible": 0},
    "assets": [
        {
            "path": "models/daily.sql",
            "uri": "mlg://column/s3%3A%2F%2Flake/ratings%2Fdaily%23rating",
            "change": "schema",
            "detail": "drops rating",
            "renamed_to": None,
            "certainty": "certain",
        }
    ],
    "new": [],
    "unknown": ["README.md"],
    "unread": [{"path": "README.md", "line": None, "reason": "it defines no asset that is known here"}],
    "affected": [
        {
            "uri": _JOB,
            "kind": "workflow",
            "name": "clean_ratings",
            "distance": 1,
            "severity": "high",
            "effect": "breaks_next_run",
            "certainty": "certain",
            "owners": ["mlg://team/org/data"],
            "team": "mlg://team/org/data",
            "change": "schema",
            "path": ["mlg://column/s3%3A%2F%2Flake/ratings%2Fdaily%23rating", _JOB],
        }
    ],
    "by_team": [
        {
            "team": "mlg://team/org/data",
            "name": "data",
            "handle": "@org/data",
            "total": 1,
            "worst": "breaks_next_run",
            "certainty": "certain",
            "breaks_now": 0,
            "breaks_next_run": 1,
            "tainted": 0,
            "possible": 0,
        }
    ],
    "notify": [{"owner": "mlg://team/org/data", "assets": [_JOB]}],
    "rebuild": {"dbt": ["daily+"], "workflows": [_JOB], "workflows_total": 1},
    "total": 1,
    "partial": False,
    "reason": None,
    "watermark": 42,
}
EXAMPLES: Final = {
    "Problem": PROBLEM_EXAMPLE,
    "Ingested": INGESTED,
    "IngestedEvents": INGESTED_EVENTS,
    "Written": WRITTEN,
    "Lineage": LINEAGE,
    "Impact": IMPACT,
    "Propagation": PROPAGATION,
    "Scene": scene_examples.SCENE,
    "ChangedFilesImpact": CHANGED_FILES,
    "Path": PATH,
    "Search": SEARCH,
    "Why": WHY,
    "Names": NAMES,
    "Changes": discovery_examples.CHANGES,
    "RecordedSince": discovery_examples.RECORDED,
    "Similar": similar_examples.SIMILAR,
    "Dismissal": similar_examples.DISMISSAL,
    "ResolvedName": discovery_examples.RESOLVED,
    "CallerSession": portal_examples.SESSION,
    "Team": portal_examples.TEAM,
    "DeployedCoverage": portal_examples.COVERAGE,
    "SessionEnded": portal_examples.SESSION_ENDED,
}
"""Examples by schema name. FastAPI drops null from examples of routes, so these are added to the generated document."""

FACTS_EXAMPLE: Final = (
    f'{{"asset": {{"uri": "{_LAKE}", "owners": ["mlg://team/org/data"]}}}}\n'
    f'{{"edge": {{"source": "{_LAKE}", "relation": "input_to", "target": "{_JOB}"}}}}\n'
)
EVENT_EXAMPLE: Final[dict[str, Any]] = {
    "eventType": "COMPLETE",
    "eventTime": _TIME,
    "producer": "https://github.com/OpenLineage/OpenLineage",
    "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
    "run": {"runId": "0196d6b2-5f3e-7c1a-9a53-0d2c7e1b4f60"},
    "job": {"namespace": "etl", "name": "clean_ratings"},
    "inputs": [{"namespace": "s3://lake", "name": "ratings/daily"}],
    "outputs": [{"namespace": "s3://lake", "name": "ratings/clean"}],
}
CHANGE_EXAMPLE: Final[dict[str, Any]] = {
    "description": "Ratings of the last day, one row a user and item.",
    "owners": ["mlg://team/org/data"],
    "tags": {"add": ["certified"], "remove": ["draft"]},
    "links": ["https://wiki.example/ratings"],
    "deprecated": False,
    "successor": None,
}
WATERMARK_EVENT: Final = 'event: watermark\nid: 42\ndata: {"watermark":42,"assets":7,"behind":false,"lag_s":0.0}\n\n'
CLOUDEVENT_EXAMPLE: Final[dict[str, Any]] = {
    "specversion": "1.0",
    "id": "7b1c",
    "source": "/jobs/etl",
    "type": "io.openlineage.run",
    "time": _TIME,
    "data": EVENT_EXAMPLE,
}

_ERRORS: Final = {
    400: "The body is not JSON.",
    401: "A token is required, or the one sent is not known.",
    403: "The caller is not allowed to do this.",
    404: "No asset, edge, source or dead letter has this name.",
    409: "The current state does not allow it: the store is not empty, the backup is newer, the connector is not registered.",
    412: "The asset was changed since it was read: `If-Match` names another entity tag than the present one.",
    413: "The body exceeds the limit of 16 MiB.",
    414: "The request line exceeds the limit of 32 KiB.",
    415: "The Content-Encoding is not supported.",
    422: "A parameter or a value of the body is not valid; `pointer` says where in the body.",
    429: "Too many wrong tokens came from this address: try again after Retry-After seconds.",
    502: "A connected tool did not answer as expected.",
    503: "Not caught up, too busy, out of time, or the store is not available: try again after Retry-After seconds.",
}
READ_ERRORS: Final = (401, 403, 422, 503)
WRITE_ERRORS: Final = (400, 401, 403, 413, 415, 422, 503)


def answers(description: str, *, errors: tuple[int, ...], status: int = 200) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of an operation: the successful answer, and the problems with the statuses `errors`."""
    responses: dict[int | str, dict[str, Any]] = {status: {"description": description}}
    schema = {"$ref": "#/components/schemas/Problem"}
    for code in errors:
        responses[code] = {"description": _ERRORS[code], "content": {MEDIA_TYPE: {"schema": schema}}}
    return responses


def body(description: str, content: dict[str, Any]) -> dict[str, Any]:
    """Return the `openapi_extra` of an operation that reads its body itself; `content` has an example for each media type."""
    schema = {"type": "object"}
    media = {
        kind: {"schema": {"type": "string"} if isinstance(example, str) else schema, "example": example}
        for kind, example in content.items()
    }
    return {"requestBody": {"description": description, "required": True, "content": media}}
