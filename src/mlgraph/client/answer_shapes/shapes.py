"""Shapes (TypedDict) of the HTTP answers, shared by the client, the command line and the OpenAPI document.

docs/http.md explains the fields. Times are RFC 3339 text in UTC; `watermark` is the lowest one that all parts of the answer
include; `cold_runs` is deprecated and always 0: the release after 0.2.0 omits it.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict  # pydantic reads shapes from here until Python 3.12

from mlgraph.client.answer_shapes.curation_shapes import FieldValue, Usage
from mlgraph.client.answer_shapes.name_shapes import Named

Certainty = Literal["certain", "possible"]


class Problem(TypedDict):
    """An error (RFC 9457). `pointer` is a JSON pointer into an invalid body, `instance` names the error in the server's log."""

    type: str
    title: str
    status: int
    detail: str
    pointer: NotRequired[str]
    instance: NotRequired[str]


class Node(TypedDict):
    """An asset of a closure, `distance` edges from the root; `possible`: every path to it has an uncertain edge.

    Only a deleted run has the key `deleted`.
    """

    uri: str
    kind: str
    name: str
    distance: int
    certainty: Certainty
    deleted: NotRequired[bool]


class Folded(TypedDict):
    """Number of traversed assets that noise rules hide, in total and by rule."""

    count: int
    by_rule: dict[str, int]


class Edge(TypedDict):
    """An edge between two listed nodes, with its origins; `folded`: the number of hidden assets that it passes over."""

    source: str
    relation: str
    target: str
    origins: list[str]
    certainty: Certainty
    folded: NotRequired[int]


class Lineage(TypedDict):
    """A closure: nodes ordered by distance, then by URI, and the edges between them. `total` ignores `limit`.

    `ambiguous` are the assets that claim the root, if it is a name that several assets claim.
    """

    root: str
    direction: str
    level: str
    as_of: str
    ambiguous: list[str]
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
    """An asset that a change can hurt; `path` is the evidence, root first."""

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
    """An owner to notify, and the affected assets that they own."""

    owner: str
    assets: list[str]


class Impact(TypedDict):
    """The assets that a change of the root can hurt, and the owners to notify.

    `ambiguous` are the assets that claim the root, if it is a name that several assets claim.
    """

    root: str
    change: str | None
    ambiguous: list[str]
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
    """A node of a path; `relation` is that of the edge from the previous node, null on the first.

    `folded`: the number of hidden assets between the two nodes.
    """

    uri: str
    kind: str
    name: str
    relation: str | None
    folded: NotRequired[int]


class Path(TypedDict):
    """The shortest path between two assets; `path` is empty if none exists."""

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
    """An edge of an asset, asserted or inferred (an origin that begins with `rule:`); `name` is the name of the other end."""

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
    """One state of an asset as reported by one origin."""

    valid_from: str
    valid_to: str | None
    origin: str
    state: Any
    recorded_at: str
    actor: str


class AssetHealth(TypedDict):
    """The health of an asset, with the reasons if it is failing."""

    status: Literal["ok", "failing", "unknown"]
    reasons: list[str]


class Asset(TypedDict):
    """An asset with its relations, history, health and usage. `referenced_only`: edges name it, no source has described it.

    `fields` says whose value each attribute is that people can write; `etag` is the ETag of the answer, without quotes.
    """

    uri: str
    kind: str
    name: str
    names: list[Named]
    ambiguous: list[str]
    description: str | None
    owners: list[str]
    tags: list[str]
    links: list[str]
    deprecated: bool
    successor: str | None
    fields: dict[str, FieldValue]
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
    usage: Usage
    etag: str
    as_of: str
    partial: bool
    reason: str | None
    cold_runs: int
    watermark: int


class AnnotatedAsset(Asset):
    """An asset after a change; `changed`: the fields that the request changed, none if it changed nothing."""

    changed: list[str]


class Origin(TypedDict):
    """The assertion of an edge by one origin."""

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
    """A premise of an inferred edge; if it is inferred itself, `rule` is its rule and `path` lists its premises."""

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
    """The origins of an edge; for an inferred edge also its `rule`, and its premises as `path`.

    `holds`: the edge is valid at the requested moment. `path_as_of` is the moment of the premises: the requested one, or, if the
    edge is not valid then, the last moment at which it was.
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
    """An asset that was added, removed or changed between two moments."""

    uri: str
    kind: str
    name: str
    change: Literal["added", "removed", "changed"]
    before: Any
    after: Any


class EdgeChange(TypedDict):
    """An edge that was added, removed or changed between two moments."""

    source: str
    relation: str
    target: str
    change: Literal["added", "removed", "changed"]


Diff = TypedDict(
    "Diff",
    {
        "from": str,  # a keyword of Python, which the class syntax does not allow
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
    """A deployment that serves a service; `weight` is its share of the service's traffic, relative to the other weights."""

    uri: str
    name: str
    weight: float | None
    health: str | None
    since: str | None
    versions: list[LiveVersion]


class LiveService(TypedDict):
    """A service with its team, and the deployments that serve it."""

    uri: str
    name: str
    team: str | None
    deployments: list[LiveDeployment]


class Live(TypedDict):
    """The versions that serve each service."""

    services: list[LiveService]
    as_of: str
    watermark: int


class DeadLetter(TypedDict):
    """Input that was accepted and could not be processed; `event` is the input without secrets."""

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
    """The result of processing a dead letter again."""

    replayed: bool
    watermark: int


class Restored(TypedDict):
    """Summary of a restore: time of the backup, rows by table, and the new id of the store (`instance`).

    `from_schema` and `from_instance` belong to the store that was backed up.
    """

    made_at: str
    schema: int
    from_schema: int
    instance: str
    from_instance: str | None
    rows: dict[str, int]
    watermark: int
