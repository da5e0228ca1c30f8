"""The shapes of the answers as types: one definition for the client, the command line and the OpenAPI document.

What the fields mean is told in docs/http.md. Times are RFC 3339 text in UTC; `watermark` is the lowest write that the
answer includes of all projections it used; `cold_runs` is deprecated and 0: it goes in the release after 0.2.0.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict  # pydantic reads shapes from here until Python 3.12

from mlgraph.client.name_shapes import Named

Certainty = Literal["certain", "possible"]


class Problem(TypedDict):
    """An error (RFC 9457). `pointer` says where in a body, `instance` names the record in the server's log."""

    type: str
    title: str
    status: int
    detail: str
    pointer: NotRequired[str]
    instance: NotRequired[str]


class Written(TypedDict):
    """What was written is included in every answer from this watermark on."""

    watermark: int


class Rejection(TypedDict):
    """A line or event that was not taken: its index from 0, the place inside it, and why."""

    index: int
    pointer: str
    message: str


class Ingested(TypedDict):
    """What became of many lines: accepted + duplicates + rejected = all lines that are not empty."""

    accepted: int
    duplicates: int
    rejected: list[Rejection]
    watermark: int


class Node(TypedDict):
    """An asset that a walk reached, `distance` edges from the root; `possible`: no path is certain throughout."""

    uri: str
    kind: str
    name: str
    distance: int
    certainty: Certainty


class Folded(TypedDict):
    """How many assets an answer passes over as noise, altogether and by the rule that hides them."""

    count: int
    by_rule: dict[str, int]


class Edge(TypedDict):
    """An edge between two listed nodes, with every origin that holds it; `folded`: it leads over so many hidden assets."""

    source: str
    relation: str
    target: str
    origins: list[str]
    certainty: Certainty
    folded: NotRequired[int]


class Lineage(TypedDict):
    """A closure: nodes nearest first, then by URI, and the edges between them. `total` counts before `limit`."""

    root: str
    direction: str
    level: str
    as_of: str
    nodes: list[Node]
    edges: list[Edge]
    total: int
    partial: bool
    reason: str | None
    frontier: str | None
    folded: Folded
    cold_runs: int
    watermark: int


class Affected(TypedDict):
    """An asset that a change can hurt; `path` is the proof, root first."""

    uri: str
    kind: str
    name: str
    distance: int
    severity: str
    effect: str | None
    certainty: Certainty
    owners: list[str]
    path: list[str]


class Notice(TypedDict):
    """Someone to tell, and the affected assets they answer for."""

    owner: str
    assets: list[str]


class Impact(TypedDict):
    """What a change of the root can hurt, and whom to tell."""

    root: str
    change: str | None
    affected: list[Affected]
    by_severity: dict[str, int]
    notify: list[Notice]
    as_of: str
    level: str
    total: int
    partial: bool
    reason: str | None
    frontier: str | None
    folded: Folded
    cold_runs: int
    watermark: int


class Step(TypedDict):
    """A node of a path; `relation` leads to it from the node before, and is null on the first.

    `folded`: so many hidden assets lie between the two.
    """

    uri: str
    kind: str
    name: str
    relation: str | None
    folded: NotRequired[int]


class Path(TypedDict):
    """The shortest path between two assets; `path` is empty where there is none."""

    source: str
    target: str
    direction: Literal["downstream", "upstream"] | None
    level: str
    path: list[Step]
    certainty: Certainty | None
    as_of: str
    folded: Folded
    cold_runs: int
    watermark: int


class Relation(TypedDict):
    """An edge of an asset, told or inferred (an origin that begins with `rule:`); `name` is that of the other end."""

    source: str
    relation: str
    target: str
    name: str
    direction: Literal["out", "in"]
    origins: list[str]
    valid_from: str
    valid_to: str | None
    properties: dict[str, Any]
    certainty: Certainty


class Moment(TypedDict):
    """One state of an asset as one origin told it."""

    valid_from: str
    valid_to: str | None
    origin: str
    state: Any
    recorded_at: str
    actor: str


class AssetHealth(TypedDict):
    """Whether something is known to be wrong with an asset."""

    status: Literal["ok", "failing", "unknown"]
    reasons: list[str]


class Asset(TypedDict):
    """An asset with its relations, history and health. `referenced_only`: edges name it, no source has described it."""

    uri: str
    kind: str
    name: str
    names: list[Named]
    description: str | None
    owners: list[str]
    tags: list[str]
    properties: dict[str, Any]
    environment: str | None
    origins: list[str]
    valid_from: str | None
    deleted_at: str | None
    referenced_only: bool
    relations: list[Relation]
    relations_total: int
    history: list[Moment]
    health: AssetHealth
    as_of: str
    partial: bool
    reason: str | None
    cold_runs: int
    watermark: int


class Origin(TypedDict):
    """One source's claim that an edge holds."""

    origin: str
    valid_from: str
    valid_to: str | None
    properties: dict[str, Any]
    recorded_at: str | None
    actor: str | None
    event: NotRequired[str | None]
    runs: NotRequired[list[str]]
    runs_total: NotRequired[int]


class Ground(TypedDict):
    """An edge of the path under an inferred one; where it is inferred itself, by `rule`, `path` is the one under it."""

    source: str
    relation: str
    target: str
    origins: list[str]
    valid_from: str
    valid_to: str | None
    certainty: Certainty
    rule: str | None
    path: list[Any]


class Why(TypedDict):
    """Who says that an edge holds; for an inferred one, `rule` and a path under it.

    `path_as_of` is the moment that the path is of: the one that was asked about, or, where the edge does not hold then, the last
    one at which it did.
    """

    source: str
    relation: str
    target: str
    holds: bool
    as_of: str
    origins: list[Origin]
    rule: str | None
    path: list[Ground]
    path_as_of: str | None
    cold_runs: int
    watermark: int


class AssetChange(TypedDict):
    """An asset that came, went or changed between two moments."""

    uri: str
    kind: str
    name: str
    change: Literal["added", "removed", "changed"]
    before: Any
    after: Any


class EdgeChange(TypedDict):
    """An edge that came, went or changed between two moments."""

    source: str
    relation: str
    target: str
    change: Literal["added", "removed", "changed"]


Diff = TypedDict(
    "Diff",
    {
        "from": str,  # a word of the language, so this shape is written as a call
        "to": str,
        "uri": str | None,
        "assets": list[AssetChange],
        "edges": list[EdgeChange],
        "total": int,
        "partial": bool,
        "reason": str | None,
        "cold_runs": int,
        "watermark": int,
    },
)


class LiveVersion(TypedDict):
    """A model version that a deployment runs."""

    uri: str
    name: str
    since: str | None


class LiveDeployment(TypedDict):
    """A deployment that answers for a service; `weight` is a proportion of the service's traffic."""

    uri: str
    name: str
    weight: float | None
    health: str | None
    since: str | None
    versions: list[LiveVersion]


class LiveService(TypedDict):
    """A service and what serves it."""

    uri: str
    name: str
    deployments: list[LiveDeployment]


class Live(TypedDict):
    """Which versions serve which service."""

    services: list[LiveService]
    as_of: str
    watermark: int


class DeadLetter(TypedDict):
    """Something that was taken and could not be worked on; `event` is what arrived, secrets removed."""

    id: int
    source: str | None
    format: str
    received_at: str
    attempts: int
    error: str
    pointer: str | None
    event: Any


class DeadLetters(TypedDict):
    """Dead letters, oldest first."""

    dead_letters: list[DeadLetter]
    total: int
    partial: bool
    reason: str | None
    frontier: str | None
    watermark: int


class Replayed(TypedDict):
    """A dead letter that went through after all."""

    replayed: bool
    watermark: int


class Restored(TypedDict):
    """What was restored: when the backup was made, rows by table, and the id that the store has had since.

    `from_schema` and `from_instance` are those of the store that the backup was made of.
    """

    made_at: str
    schema: int
    from_schema: int
    instance: str
    from_instance: str | None
    rows: dict[str, int]
    watermark: int
