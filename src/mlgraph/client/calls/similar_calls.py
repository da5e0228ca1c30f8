"""The calls of the client about what is built already."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlgraph.client.answer_shapes.similar_shapes import Dismissal, Similar
    from mlgraph.client.responses import Answer, HttpTransport

_PATH = "/api/v1/similar"
_JSON = {"content-type": "application/json"}


class SimilarCalls:
    """Calls about what is built already; a part of `Client`."""

    _transport: HttpTransport

    def similar(
        self, uri: str, *, kinds: Sequence[str] = (), limit: int | None = None, at_least: int | None = None
    ) -> Answer[Similar]:
        """Return what may be a duplicate of an asset, the most similar first, with reasons."""
        query = {"uri": uri, "kind": list(kinds), "limit": limit, "at_least": at_least}
        return self._transport.get(_PATH, query, assets=("uri",))

    def similar_to_text(self, text: str, *, kinds: Sequence[str] = (), limit: int | None = None) -> Answer[Similar]:
        """Return what exists already of what a text, a brief or a plan of up to 1 MB describes."""
        body = {"text": text, **({"kind": list(kinds)} if kinds else {}), **({"limit": limit} if limit is not None else {})}
        return self._transport.post(_PATH, json.dumps(body).encode(), _JSON)

    def dismiss(self, a: str, b: str, reason: str | None = None) -> Answer[Dismissal]:
        """Record that two assets are no duplicates: the pair is never shown again."""
        body = {"a": a, "b": b, **({"reason": reason} if reason else {})}
        return self._transport.post(f"{_PATH}/dismissals", json.dumps(body).encode(), _JSON)

    def undo_dismissal(self, a: str, b: str) -> Answer[Dismissal]:
        """Take back that two assets are no duplicates."""
        return self._transport.delete(f"{_PATH}/dismissals", {"a": a, "b": b})
