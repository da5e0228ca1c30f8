"""Forty tasks about the company with known answers, each with the calls by which a scripted agent finds its answer.

An agent names assets as people do; a later call of a task may use what an earlier one answered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.api.mcp import company as c
from tests.api.mcp.agents import Reply

Replies = list[Reply]
FEW: Final = 500
"""A budget for tasks that the second line of an answer answers."""
Call = Callable[[Replies], dict[str, Any]]


@dataclass(frozen=True)
class Task:
    """`calls` are (tool, arguments); `read` takes the answer from the replies, and `answer` is what it must be."""

    text: str
    calls: Sequence[tuple[str, dict[str, Any] | Call]]
    read: Callable[[Replies], Any]
    answer: Any


def uris(replies: Replies) -> set[str]:
    """The URIs of the items of the last reply."""
    return {item["uri"] for item in replies[-1].items}


def result(replies: Replies) -> str:
    return str(replies[-1].first["result"])


def notified(replies: Replies) -> set[str]:
    return {*replies[-1].summary["notify"]}


def summary_of(field: str) -> Callable[[Replies], Any]:
    return lambda replies: replies[-1].summary[field]


def origin_of(field: str) -> Callable[[Replies], Any]:
    """Read a field of the first origin of the edge that `why` explains."""
    return lambda replies: next(item[field] for item in replies[-1].items if item["part"] == "origin")


def deployment(name: str, field: str) -> Callable[[Replies], Any]:
    """Read a field of a deployment in an answer of `live`."""
    return lambda replies: next(row[field] for row in replies[-1].items if row["deployment_name"] == name)


def versions(replies: Replies) -> set[str]:
    return {version["name"] for row in replies[-1].items for version in row["versions"]}


def first_found(replies: Replies) -> str:
    return str(replies[-1].items[0]["uri"])


WHAT_BREAKS: Final = (
    Task(
        "What breaks when a column of shop.public.orders is dropped?",
        [("impact", {"asset": "shop.public.orders", "change": "schema"})],
        uris,
        {c.BUILD_ORDERS, c.ORDERS_DAILY, c.MEMBER_TASTE, c.TRAIN_RANKER, c.TRAIN_FRAUD, c.HOME_FEED, c.EDGE},
    ),
    Task(
        "Which services are wrong if the orders were wrong?",
        [("impact", {"asset": "shop.public.orders", "change": "values", "kind": ["service"]})],
        uris,
        {c.HOME_FEED, c.CHECKOUT, c.EDGE},
    ),
    Task(
        "Which services break when member_taste is retired?",
        [("impact", {"asset": "member_taste", "change": "retire", "kind": "service"})],
        uris,
        {c.HOME_FEED, c.EDGE},
    ),
    Task(
        "Which models are tainted by wrong payments?",
        [("impact", {"asset": "shop.public.payments", "change": "values", "kind": "model"})],
        uris,
        {c.FRAUD},
    ),
    Task(
        "What of team risk breaks when the schema of orders_daily changes?",
        [("impact", {"asset": "orders_daily", "change": "schema", "team": "risk"})],
        uris,
        {c.TRAIN_FRAUD},
    ),
    Task("Is scratch unused?", [("impact", {"asset": "scratch", "change": "retire"})], result, "nothing_downstream"),
    Task(
        "How many deployments do wrong clicks reach?",
        [("impact", {"asset": "shop.public.clicks", "change": "values", "kind": "deployment", "budget": FEW})],
        lambda replies: replies[-1].first["total"],
        2,
    ),
    Task(
        "Which column is made from user_id of the orders?",
        [("lineage", {"asset": "shop.public.orders", "column": "user_id", "kind": "column"})],
        uris,
        {c.DAILY_USER},
    ),
)
OWNERS_TO_NOTIFY: Final = (
    Task(
        "Whom do I tell before I retire orders_daily?",
        [("impact", {"asset": "orders_daily", "change": "retire", "budget": 800})],
        notified,
        {c.TEAMS["growth"], c.TEAMS["risk"], c.TEAMS["data"]},
    ),
    Task("Who owns home-feed?", [("show", {"asset": "home-feed", "budget": FEW})], summary_of("owners"), [c.TEAMS["growth"]]),
    Task(
        "Who owns the model fraud-score?",
        [("show", {"asset": "model:fraud-score", "budget": FEW})],
        summary_of("owners"),
        [c.ANNA],
    ),
    Task(
        "Which team has fraud-score?",
        [("show", {"asset": "model:fraud-score", "budget": FEW})],
        summary_of("team"),
        c.TEAMS["ads"],
    ),
    Task(
        "Which team has checkout-main?",
        [("show", {"asset": "checkout-main", "budget": FEW})],
        summary_of("team"),
        c.TEAMS["risk"],
    ),
    Task(
        "Who is hit when checkout is retired?",
        [("impact", {"asset": "service:checkout", "change": "retire", "budget": FEW})],
        notified,
        {c.TEAMS["data"]},
    ),
    Task(
        "Which teams' data is home-ranker version 3 made from?",
        [("lineage", {"asset": "model_version:home-ranker/3", "direction": "upstream", "kind": "dataset"})],
        lambda replies: {*replies[-1].summary["by_team"]},
        {"data"},
    ),
    Task(
        "Who is reached most if the clicks were wrong?",
        [("impact", {"asset": "shop.public.clicks", "change": "values", "budget": FEW})],
        lambda replies: max(replies[-1].summary["by_team"], key=replies[-1].summary["by_team"].__getitem__),
        "growth",
    ),
)
IS_IT_BUILT: Final = (
    Task(
        "I plan to score the probability that a payment is fraudulent. Does it exist?",
        [("similar", {"text": "A score of the probability that a payment is fraudulent."})],
        first_found,
        c.FRAUD,
    ),
    Task(
        "Is there an embedding of titles?",
        [("find", {"query": "vectors of titles", "kind": ["model", "dataset"]})],
        first_found,
        c.EMBEDDING,
    ),
    Task(
        "Do the orders of each day exist as a dataset?",
        [("find", {"query": "orders of each day", "kind": "dataset"})],
        first_found,
        c.ORDERS_DAILY,
    ),
    Task(
        "Are there features about what a member likes?",
        [("find", {"query": "what a member likes", "kind": "feature_view"})],
        first_found,
        c.MEMBER_TASTE,
    ),
    Task("Does anybody forecast zeppelins?", [("find", {"query": "zeppelins"})], result, "nothing_found"),
    Task("Is scratch a copy of something?", [("similar", {"asset": "scratch"})], result, "nothing_like_it"),
    Task(
        "How many versions has home-ranker?",
        [("show", {"asset": "model:home-ranker"})],
        lambda replies: sum(item["relation"] == "version_of" for item in replies[-1].items),
        3,
    ),
    Task(
        "The titles' embedding that exists: does it serve anything?",
        [
            ("find", {"query": "vectors of titles", "kind": "model"}),
            ("live", lambda replies: {"asset": replies[0].items[0]["asset"]}),
        ],
        result,
        "nothing_serves",
    ),
)
WHAT_SERVES: Final = (
    Task("What serves checkout?", [("live", {"asset": "service:checkout"})], versions, {"fraud-score/1"}),
    Task(
        "Which version runs on home-main?",
        [("live", {"asset": "home-main"})],
        lambda replies: [version["name"] for version in deployment("home-main", "versions")(replies)],
        ["home-ranker/2"],
    ),
    Task(
        "Which version is the canary of home-feed?",
        [("live", {"asset": "home-canary"})],
        lambda replies: [version["name"] for version in deployment("home-canary", "versions")(replies)],
        ["home-ranker/3"],
    ),
    Task(
        "Which services does home-ranker serve?",
        [("live", {"asset": "model:home-ranker"})],
        lambda replies: {row["service_name"] for row in replies[-1].items},
        {"home-feed"},
    ),
    Task("Is the canary healthy?", [("live", {"asset": "home-canary"})], deployment("home-canary", "health"), "failing"),
    Task("What share has the canary?", [("live", {"asset": "home-canary"})], deployment("home-canary", "weight"), 0.1),
    Task(
        "What served home-feed on the first of March?",
        [("live", {"asset": "home-feed", "as_of": "2026-03-01T00:00:00Z"})],
        versions,
        {"home-ranker/1"},
    ),
    Task("How many services are there?", [("live", {"budget": FEW})], summary_of("services"), 3),
)
SINCE_WHEN: Final = (
    Task(
        "Since when does home-main run home-ranker 2?",
        [("why", {"asset": "model_version:home-ranker/2", "to": "home-main"})],
        origin_of("valid_from"),
        "2026-03-20T00:00:00Z",
    ),
    Task(
        "Since when do clicks feed member_taste?",
        [("why", {"asset": "clicks_daily", "to": "member_taste"})],
        origin_of("valid_from"),
        "2026-02-11T00:00:00Z",
    ),
    Task(
        "Since when does edge-gateway need checkout?",
        [("why", {"asset": "edge-gateway", "to": "service:checkout"})],
        origin_of("valid_from"),
        "2026-02-22T00:00:00Z",
    ),
    Task(
        "Since when is there version 3 of home-ranker?",
        [("why", {"asset": "train_ranker", "to": "model_version:home-ranker/3"})],
        origin_of("valid_from"),
        "2026-04-13T00:00:00Z",
    ),
    Task(
        "Of the facts recorded today about home-ranker 3: where was it deployed, since when?",
        [("changes", {"asset": "model_version:home-ranker/3", "kind": "deployment"})],
        lambda replies: {
            (item["target"].split(" ")[1], item["valid_from"])
            for item in replies[-1].items
            if item.get("relation") == "deployed_as"
        },
        {("home-canary", "2026-04-20T00:00:00Z")},
    ),
    Task(
        "Since when does train_fraud read orders_daily?",
        [("why", {"asset": "orders_daily", "to": "train_fraud", "relation": "input_to"})],
        origin_of("valid_from"),
        "2026-01-12T00:00:00Z",
    ),
    Task(
        "Until when did home-main run home-ranker 1?",
        [("why", {"asset": "model_version:home-ranker/1", "to": "home-main", "relation": "deployed_as"})],
        origin_of("valid_to"),
        "2026-03-20T00:00:00Z",
    ),
    Task(
        "How do payments reach checkout?",
        [("path", {"asset": "shop.public.payments", "to": "service:checkout"})],
        lambda replies: [step["name"] for step in replies[-1].items],
        ["shop.public.payments", "label_fraud", "fraud_labels", "train_fraud", "fraud-score/1", "checkout-main", "checkout"],
    ),
)
TASKS: Final = (*WHAT_BREAKS, *OWNERS_TO_NOTIFY, *IS_IT_BUILT, *WHAT_SERVES, *SINCE_WHEN)
