"""Route for the changed files of a pull request."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from mlgraph.api.http import request_bodies
from mlgraph.api.http.authentication import Services, authenticate
from mlgraph.api.http.json_responses import answer
from mlgraph.api.http.limits import UseLanes
from mlgraph.api.schema import operations
from mlgraph.api.schema.operations import WRITE_ERRORS
from mlgraph.api.schema.parameters import MAX_LIMIT, at_least, known_only
from mlgraph.changesets.definitions import FileChange
from mlgraph.client.answer_shapes import changed_files_shapes
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.options.walk_options import DEFAULT_LIMIT
from mlgraph.domain.payloads.payload import Located, clean_text, decode_json
from mlgraph.domain.text.suggestions import did_you_mean
from mlgraph.services.discovery.pull_requests.changed_files import ChangedFilesRequest
from mlgraph.services.discovery.pull_requests.impact_thresholds import Threshold

router = APIRouter(
    prefix="/api/v1", tags=["queries"], dependencies=[Depends(authenticate), Depends(known_only), Depends(at_least)]
)

MAX_FILES: Final = 5_000
_MAX_PATH_CHARS: Final = 4_096
_KEYS: Final = ("changes", "fail_on", "strict", "limit")
_FILE_KEYS: Final = ("path", "before", "after", "previous_path", "skipped")
_EXAMPLE: Final = {
    "changes": [
        {
            "path": "models/ratings.sql",
            "before": "select member_id, title_id, rating from {{ ref('raw_ratings') }}",
            "after": "select member_id, title_id from {{ ref('raw_ratings') }}",
        }
    ],
    "fail_on": "breaks_now",
}


@router.post(
    "/impact",
    summary="Impact of changed files",
    response_model=changed_files_shapes.ChangedFilesImpact,
    responses=operations.answers("What the changed files affect.", errors=WRITE_ERRORS),
    openapi_extra=operations.body(
        "The changed files with their texts before and after; `fail_on`: breaks_now, severity:LEVEL or a number of assets; "
        "`strict`: files of which nothing is known fail too, and what is only possible counts.",
        {"application/json": _EXAMPLE},
    ),
)
async def impact_of_files(request: Request, services: Services, lanes: UseLanes) -> Response:
    """Return what the changed files of a pull request affect, with whom to tell. Nothing is stored.

    The texts are read here: dbt models, SQL, Feast, Airflow, Avro, JSON Schema, Protobuf, manifests. A file that cannot be
    read, or that means no known asset, is listed in `unknown`, and never counts as safe.
    """
    async with request_bodies.buffered(request) as body:
        requested = _requested(Located(decode_json(body)))
        return await lanes.heavy.run(lambda: answer(services.changed_files.impact_of(requested)))


def _requested(document: Located) -> ChangedFilesRequest:
    """Return the request in a body. Raises `InvalidInput` with the pointer."""
    _check_keys(document, _KEYS)
    files: list[FileChange] = []
    skipped: dict[str, str] = {}
    seen: set[str] = set()
    for item in document.need("changes").items():
        _check_keys(item, _FILE_KEYS)
        path = _path(item.need("path"))
        if path in seen:
            item.need("path").fail(f"the path {path[:80]!r} is listed twice")
        seen.add(path)
        if len(seen) > MAX_FILES:
            item.fail(f"more than {MAX_FILES:,} files; send those that can matter")
        reason, before, after = item.get("skipped"), _text(item.get("before")), _text(item.get("after"))
        if reason is not None:
            skipped[path] = reason.text()[:200]
        elif before is None and after is None:
            item.fail("needs before, after, or both")
        else:
            previous = item.get("previous_path")
            files.append(FileChange(path, before, after, _path(previous) if previous is not None else None))
    fail_on, strict = document.get("fail_on"), document.get("strict")
    return ChangedFilesRequest(
        files,
        skipped,
        Threshold.parse(_word(fail_on)) if fail_on is not None else None,
        strict is not None and strict.flag(),
        _limit(document.get("limit")),
    )


def _check_keys(item: Located, known: tuple[str, ...]) -> None:
    for key in item.mapping():
        if key not in known:
            hint = did_you_mean(key, known, f"known are {', '.join(known)}")
            raise InvalidInput(f"unknown key {key[:60]!r}; {hint}", pointer=f"{item.pointer}/{key[:60]}")


def _path(item: Located) -> str:
    path = item.name()
    if len(path) > _MAX_PATH_CHARS:
        item.fail(f"a path of {len(path):,} characters is over the limit of {_MAX_PATH_CHARS:,}")
    return path


def _text(item: Located | None) -> str | None:
    """Return the text of a file; its NUL stay, because they show that it is a binary one."""
    if item is None:
        return None
    text = item.text()
    return text if "\0" not in item.value else f"\0{clean_text(text)}"


def _word(item: Located) -> str:
    return str(item.value) if isinstance(item.value, int) and not isinstance(item.value, bool) else item.text()


def _limit(item: Located | None) -> int:
    if item is None:
        return DEFAULT_LIMIT
    value = item.value
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_LIMIT:
        item.fail(f"must be a whole number from 1 to {MAX_LIMIT:,}")
    return int(value)
