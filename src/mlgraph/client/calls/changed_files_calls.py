"""The call of the client for the changed files of a pull request."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mlgraph.client.responses import Answer, HttpTransport

if TYPE_CHECKING:
    from mlgraph.client.answer_shapes.changed_files_shapes import ChangedFile, ChangedFilesImpact


class ChangedFilesCalls:
    """Methods of `Client` for pull requests."""

    _transport: HttpTransport

    def impact_of_files(
        self,
        changes: Sequence[ChangedFile],
        *,
        fail_on: str | None = None,
        strict: bool = False,
        limit: int | None = None,
        at_least: int | None = None,
    ) -> Answer[ChangedFilesImpact]:
        """Return what changed files affect: `fail_on` is `breaks_now`, `severity:LEVEL` or a number; one call for all files."""
        body: dict[str, Any] = {"changes": list(changes)}
        if fail_on is not None:
            body["fail_on"] = fail_on
        if strict:
            body["strict"] = True
        if limit is not None:
            body["limit"] = limit
        headers = {"content-type": "application/json", "content-encoding": "gzip"}
        packed = gzip.compress(json.dumps(body).encode(), compresslevel=1)
        return self._transport.post("/api/v1/impact", packed, headers, {"at_least": at_least})
