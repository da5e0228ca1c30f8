"""Shapes (TypedDict) of the answers of `GET /api/v1/scene` (docs/spec.md#scene)."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict  # pydantic reads shapes from here until Python 3.12

from mlgraph.client.answer_shapes.changed_files_shapes import EffectName
from mlgraph.client.answer_shapes.shapes import Certainty, Folded

SeverityName = Literal["critical", "high", "medium", "low"]


class SceneRoot(TypedDict):
    """The root of a scene."""

    uri: str
    kind: str
    name: str


class SceneRow(TypedDict):
    """A row: the group that its assets belong to. `uri`: the team, if it is one; `rows`: so many groups share the row."""

    id: str
    name: str
    uri: str | None
    count: int
    rows: NotRequired[int]


class SceneColumn(TypedDict):
    """A column: the assets `step` to `to_step` steps from the root, negative upstream."""

    step: int
    to_step: int
    count: int


class SceneAsset(TypedDict):
    """The asset of a mark. `distance` is None for an asset that is not in the closure at the moment (`gone`, `later`)."""

    uri: str
    kind: str
    name: str
    effect: EffectName | None
    severity: SeverityName | None
    certainty: Certainty | None
    distance: int | None
    present: Literal["same", "appeared", "gone", "later"]


class SceneCompared(TypedDict):
    """How many assets appeared, are gone and the same since the earlier moment."""

    appeared: int
    gone: int
    same: int


SceneComparison = TypedDict("SceneComparison", {"from": str, "total": int, "appeared": int, "gone": int, "same": int})
"""What differs from the closure at an earlier moment, which had `total` assets."""


class SceneCycle(TypedDict):
    """A cycle of edges of any time, which all that a mark shows is in. `count`: so many of its assets are listed, on any mark."""

    id: str
    count: int


class SceneFold(TypedDict):
    """A group of assets: `count` are listed, `unaffected` and `absent` are in none of the numbers beside them.

    `by` is what separates it from its siblings: `cell`: it has all of its cell but the root; `cycle`: it is the box of a cycle;
    `rest`: it has what there was no room for. `split` is the first dimension that separates its parts when it is open.
    """

    count: int
    unaffected: int
    absent: int
    label: str
    by: Literal["cell", "group", "kind", "namespace", "name", "cycle", "rest"]
    split: Literal["group", "kind", "namespace", "name", "rest"]
    open: bool
    kinds: dict[str, int]
    severities: dict[str, int]
    effects: dict[str, int]
    possible: int
    compared: NotRequired[SceneCompared]


class SceneMark(TypedDict):
    """An asset or a fold at a place: `at` is row and column, `order` its place among the marks with the same place and parent."""

    id: str
    at: list[int]
    order: int
    parent: str | None
    count: int
    cycle: NotRequired[SceneCycle]
    asset: NotRequired[SceneAsset]
    fold: NotRequired[SceneFold]


SceneLink = TypedDict("SceneLink", {"from": str, "to": str, "count": int, "certainty": Certainty})
"""The edges from the assets of one mark to those of another; `certain` if any of them is."""


class SceneMoment(TypedDict):
    """A moment at which assets joined or left the closure; it may stand for several."""

    at: str
    appeared: int
    gone: int
    stands_for: int


class SceneIgnored(TypedDict):
    """An id of `open` that opened nothing."""

    id: str
    reason: Literal["unknown", "no_room"]


class SceneSelected(TypedDict):
    """What `select` selects: an asset, the mark that shows it, and the folds to open until it is a mark of its own."""

    uri: str
    mark: str
    open: list[str]


class Scene(TypedDict):
    """The closure of an asset as a table of marks, whose counts add up to `total`."""

    root: SceneRoot
    direction: Literal["upstream", "downstream", "both"]
    change: Literal["schema", "values", "withdraw", "retire", "any"] | None
    level: Literal["asset", "run"]
    as_of: str
    by: Literal["team", "kind", "platform", "namespace", "environment"]
    ambiguous: list[str]
    total: int
    shown: int
    folded: int
    folds: int
    unaffected: int
    compared: SceneComparison | None
    rows: list[SceneRow]
    columns: list[SceneColumn]
    marks: list[SceneMark]
    links: list[SceneLink]
    selected: SceneSelected | None
    path: list[str]
    path_assets: list[str]
    moments: list[SceneMoment]
    ignored: list[SceneIgnored]
    noise: Folded
    partial: bool
    reason: str | None
    watermark: int
