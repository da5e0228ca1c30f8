"""The names of the demo company, as URIs."""

from __future__ import annotations

from typing import Final

from mlgraph.domain.dataset_naming import dataset_uri_from_location
from mlgraph.domain.uri import AssetUri

COMPANY: Final = "streamflix"
INSTANCE: Final = COMPANY
"""The name that the company's MLflow is connected under."""
TEAMS: Final = {
    "data-platform": "Brings data into the lake and answers for its quality.",
    "content-understanding": "Knows what titles are like: embeddings, similar titles.",
    "recommendations": "The home feed and the trending row: features, candidates, rankers.",
    "search-and-ads": "Search, and advertising between titles.",
    "experimentation": "Offline evaluation and A/B experiments.",
}


def team(name: str) -> str:
    """Return a team."""
    return str(AssetUri("team", "org", name))


def service(name: str) -> str:
    """Return a service."""
    return str(AssetUri("service", COMPANY, name))


def deployment(name: str) -> str:
    """Return a deployment."""
    return str(AssetUri("deployment", COMPANY, name))


def model(name: str) -> str:
    """Return a registered model of the company's MLflow."""
    return str(AssetUri("model", f"mlflow:{INSTANCE}", name))


def version(name: str, number: str) -> str:
    """Return a version of a registered model."""
    return str(AssetUri("model_version", f"mlflow:{INSTANCE}", f"{name}/{number}"))


def mlflow_run(run_id: str) -> str:
    """Return a run of the company's MLflow."""
    return str(AssetUri("run", f"mlflow:{INSTANCE}", run_id))


def workflow(team_name: str, name: str) -> str:
    """Return a job of a team."""
    return str(AssetUri("workflow", team_name, name))


def table(name: str) -> str:
    """Return a table of the lake."""
    found = dataset_uri_from_location(f"s3://{COMPANY}-lake/{name}")
    if found is None:
        raise ValueError(f"{name!r} names no table")
    return str(found)
