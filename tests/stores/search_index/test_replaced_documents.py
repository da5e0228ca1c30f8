"""The index has one document an asset, whatever was put before."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlgraph.ports.search_index import Every, IndexState, WrittenDocument
from mlgraph.stores.search_index.tantivy_index import TantivyIndex

pytestmark = pytest.mark.unit


def test_a_document_replaces_the_earlier_one_of_its_asset(tmp_path: Path) -> None:
    index = TantivyIndex(tmp_path)
    index.begin_writing(from_scratch=True)
    for watermark, state in enumerate(("live", "deprecated", "deleted"), 1):
        index.put([WrittenDocument(asset, (), {}, {"state": (state,)}, 0, {"state": state}) for asset in (1, 2)])
        index.commit(IndexState(watermark, f"stamp {watermark}"))
        view = index.view()
        assert view is not None
        hits = view.hits(Every(), {"state": ("live", "deprecated", "deleted")}, 10)
        assert sorted(hit.asset for hit in hits) == [1, 2]
        assert [body["state"] for body in view.bodies(hits)] == [state, state]
    index.put([], removed=[1])
    index.commit(IndexState(9, "stamp 9"))
    view = index.view()
    assert view is not None
    assert [hit.asset for hit in view.hits(Every(), {"state": ("deleted",)}, 10)] == [2]
    index.close()
