"""The calls of the client for scenes."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from mlgraph.client.responses import Answer, HttpTransport
from mlgraph.domain.options.scene_options import SCENE_DEFAULTS, SceneOptions

if TYPE_CHECKING:
    from mlgraph.client.answer_shapes.scene_shapes import Scene


class SceneCalls:
    """Methods of `Client` for scenes."""

    _transport: HttpTransport

    def scene(self, uri: str, options: SceneOptions = SCENE_DEFAULTS, *, at_least: int | None = None) -> Answer[Scene]:
        """Return the closure of an asset as a table of marks, whose counts add up to `total`."""
        values = {field.name: getattr(options, field.name) for field in fields(options)}
        changed: dict[str, Any] = {
            {"kinds": "kind", "from_": "from"}.get(name, name): list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
            if value != getattr(SCENE_DEFAULTS, name)
        }
        return self._transport.get("/api/v1/scene", {"uri": uri, **changed, "at_least": at_least}, assets=("uri",))
