"""The calls of the client that write about assets (docs/curation.md)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlgraph.client.answer_shapes.curation_shapes import Annotation
    from mlgraph.client.answer_shapes.shapes import AnnotatedAsset
    from mlgraph.client.responses import Answer, HttpTransport


class CurationCalls:
    """Calls that write about assets."""

    _transport: HttpTransport

    def annotate(self, uri: str, change: Annotation, *, etag: str | None = None) -> Answer[AnnotatedAsset]:
        """Change what people write about an asset, and return it.

        `etag`: the `etag` of the answer on which the change is based; if the asset was changed since, raises `ClientError` with
        the status 412.
        """
        headers = {"content-type": "application/json"} | ({"if-match": f'"{etag}"'} if etag is not None else {})
        return self._transport.patch("/api/v1/asset", {"uri": uri}, json.dumps(change).encode(), headers, assets=("uri",))
