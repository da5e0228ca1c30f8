"""What `mlgraph changes` prints."""

from __future__ import annotations

from mlgraph.api.schema import discovery_examples
from mlgraph.cli.renderers import change_renderer
from tests.cli.test_asset_renderers import rendered


def test_an_entry_names_its_actor_beside_its_origin() -> None:
    text = rendered(change_renderer.changes(discovery_examples.CHANGES))
    assert "by local (facts)" in text
    assert "by ci (runs)" in text
