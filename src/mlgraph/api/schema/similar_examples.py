"""Examples of answers about what is built already, for the OpenAPI document."""

from __future__ import annotations

from typing import Final

from mlgraph.client.answer_shapes import similar_shapes

_ASSET: Final = "mlg://model/mlflow%3Aprod/title-embedding"
_OTHER: Final = "mlg://model/mlflow%3Aprod/movie-vectors"

SIMILAR: Final[similar_shapes.Similar] = {
    "uri": _ASSET,
    "kind": "model",
    "name": "title-embedding",
    "passages": None,
    "hits": [
        {
            "uri": _OTHER,
            "kind": "model",
            "name": "movie-vectors",
            "owners": ["mlg://team/org/recommendations"],
            "score": 0.91,
            "suggested": True,
            "why": [
                {"signal": "sources", "contribution": 0.6, "text": "both come from ratings and titles"},
                {"signal": "text", "contribution": 0.3, "text": "the descriptions mean much the same"},
                {"signal": "prior", "contribution": 0.01, "text": "of all pairs of assets, few are duplicates"},
            ],
            "copies": [],
            "reuse": {
                "consumers": 3,
                "serving": 1,
                "health": "ok",
                "deprecated": False,
                "team": "mlg://team/org/recommendations",
                "best": True,
                "text": "the best copy to reuse: 3 direct consumers, serves production, healthy",
            },
        }
    ],
    "nothing_like_it": False,
    "talk_to": [{"owner": "mlg://team/org/recommendations", "name": "recommendations", "assets": [_OTHER]}],
    "total": 1,
    "partial": False,
    "reason": None,
    "left_out": {"related": 2, "dismissed": 0},
    "watermark": 42,
}
DISMISSAL: Final[similar_shapes.Dismissal] = {
    "a": _ASSET,
    "b": _OTHER,
    "dismissed": True,
    "dismissed_by": "ann",
    "reason": "one is for search",
    "watermark": 42,
}
