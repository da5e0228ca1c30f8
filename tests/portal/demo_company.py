"""The demo company in small: what its platform reports (the demo's own code), its jobs by hand, and the run that fails."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from mlgraph.demo import company_facts, company_names
from mlgraph.demo.company_names import pair, table, version, workflow
from mlgraph.demo.tour import CANDIDATES_CHANGED_DAYS_AGO, REPLACED_DAYS_AGO
from tests.contract.serving import Api

LAST_DAY: Final = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=12)
RATINGS, CANDIDATES = table("ratings"), workflow("recommendations", "candidates.build")
AD_DECISIONS, HOME_FEED = company_names.service("ad-decisions"), company_names.service("home-feed")
TRAINING_RUN: Final = "run-of-home-ranker-2"
BEFORE_THE_REPLACEMENT: Final = LAST_DAY - timedelta(days=REPLACED_DAYS_AGO, hours=12)
ERROR: Final = "KeyError: 'age'"
FAILURE: Final = {
    "job": "ad-audiences.build",
    "team": "search-and-ads",
    "run_id": "0193a0e0-0000-7000-8000-000000000001",
    "message": ERROR,
    "at": LAST_DAY.isoformat(),
}
_POLICIES: Final = {
    "random": {"impressions": 10_000, "clicks": 38, "ctr": 0.0038},
    "bts": {"impressions": 10_000, "clicks": 42, "ctr": 0.0042},
}
_JOBS: Final = (
    ("data-platform", "ratings.load", (), ("ratings",)),
    ("data-platform", "members.load", (), ("members",)),
    ("content-understanding", "title-embeddings.build", ("ratings",), ("content/title_embeddings",)),
    ("content-understanding", "similar-titles.build", ("content/title_embeddings",), ("content/similar_titles",)),
    ("recommendations", "title-popularity.build", ("ratings",), ("features/title_popularity",)),
    ("recommendations", "member-taste.build", ("ratings",), ("features/member_taste",)),
    ("recommendations", "movie-vectors.build", ("ratings",), ("recommendations/movie_vectors",)),
    ("recommendations", "candidates.build", (), ("recommendations/candidates",)),
    ("search-and-ads", "ad-audiences.build", ("members", "features/member_taste"), ("ads/audiences",)),
    ("experimentation", "holdout.build", ("ratings",), ("evaluation/holdout",)),
)
"""Team, name, inputs and outputs of jobs."""
_TRAINED: Final = (
    ("home-ranker", "1", "recommendations", "run-of-home-ranker-1", 35),
    ("home-ranker", "2", "recommendations", TRAINING_RUN, 22),
    ("home-ranker", "3", "recommendations", "run-of-home-ranker-3", 3),
    ("ad-propensity", "1", "search-and-ads", "run-of-ad-propensity-1", 25),
)
_FIRST_RUN_DAYS_AGO: Final = 35


def fill(api: Api) -> None:
    """Send the company to a server; return once the graph and the index of search include it."""
    history = {"failures": [FAILURE], "policies": _POLICIES}
    api.taken(*company_facts.lines(LAST_DAY, history, {"versions": _versions()}), *_jobs(), *_second_origin())
    api.events([_failed_run()])
    api.ask("live")
    api.ask("search", q="")


def _ago(days: float) -> str:
    return (LAST_DAY - timedelta(days=days)).isoformat()


def _versions() -> list[dict[str, Any]]:
    return [
        {"model": model, "version": number, "team": team, "run_id": run, "ended_at": _ago(days), "inputs": [pair("ratings")]}
        for model, number, team, run, days in _TRAINED
    ]


def _edge(source: str, relation: str, target: str, days_ago: float, **output: Any) -> dict[str, Any]:
    return {"edge": {"source": source, "relation": relation, "target": target, "valid_from": _ago(days_ago), **output}}


def _jobs() -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    for team, name, inputs, outputs in _JOBS:
        job, owners = workflow(team, name), [company_names.team(team)]
        made = (job, *map(table, outputs))
        lines += [{"asset": {"uri": each, "owners": owners, "valid_from": _ago(_FIRST_RUN_DAYS_AGO)}} for each in made]
        lines += [_edge(table(each), "input_to", job, _FIRST_RUN_DAYS_AGO) for each in inputs]
        lines += [_edge(job, "outputs", table(each), _FIRST_RUN_DAYS_AGO) for each in outputs]
    changed = _ago(CANDIDATES_CHANGED_DAYS_AGO)
    lines.append(_edge(table("features/title_popularity"), "input_to", CANDIDATES, _FIRST_RUN_DAYS_AGO, valid_to=changed))
    lines.append(_edge(table("recommendations/movie_vectors"), "input_to", CANDIDATES, CANDIDATES_CHANGED_DAYS_AGO))
    return lines


def _second_origin() -> list[dict[str, Any]]:
    """The edge from a run to its version, which the release reports, as the pipeline reports it too."""
    return [_edge(company_names.mlflow_run(TRAINING_RUN), "outputs", version("home-ranker", "2"), 22, origin="pipeline")]


def _failed_run() -> dict[str, Any]:
    facet = {"_producer": "https://example.org/", "_schemaURL": "https://example.org/e.json"}
    error = {**facet, "message": ERROR, "programmingLanguage": "python"}
    return {
        "eventTime": FAILURE["at"],
        "eventType": "FAIL",
        "producer": "https://example.org/",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": FAILURE["run_id"], "facets": {"errorMessage": error}},
        "job": {"namespace": FAILURE["team"], "name": FAILURE["job"]},
    }
