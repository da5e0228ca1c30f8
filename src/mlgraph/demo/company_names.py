"""URIs of the demo company's assets."""

from __future__ import annotations

from typing import Final

from mlgraph.domain.naming.dataset_naming import dataset_uri_from_location
from mlgraph.domain.uri import AssetUri

COMPANY: Final = "streamflix"
INSTANCE: Final = COMPANY
"""Name of the source: the company's MLflow is connected under it."""
TEAMS: Final = {
    "data-platform": "Loads data into the lake and is responsible for its quality.",
    "content-understanding": "Describes titles: embeddings, similar titles.",
    "recommendations": "The home feed and the trending row: features, candidates, rankers.",
    "search-and-ads": "Search, and advertising between titles.",
    "experimentation": "Offline evaluation and A/B experiments.",
}


def team(name: str) -> str:
    """Return the URI of a team."""
    return str(AssetUri("team", "org", name))


def service(name: str) -> str:
    """Return the URI of a service."""
    return str(AssetUri("service", COMPANY, name))


def deployment(name: str) -> str:
    """Return the URI of a deployment."""
    return str(AssetUri("deployment", COMPANY, name))


def model(name: str) -> str:
    """Return the URI of a registered model of the company's MLflow."""
    return str(AssetUri("model", f"mlflow:{INSTANCE}", name))


def version(name: str, number: str) -> str:
    """Return the URI of a version of a registered model."""
    return str(AssetUri("model_version", f"mlflow:{INSTANCE}", f"{name}/{number}"))


def mlflow_run(run_id: str) -> str:
    """Return the URI of a run of the company's MLflow."""
    return str(AssetUri("run", f"mlflow:{INSTANCE}", run_id))


def workflow(team_name: str, name: str) -> str:
    """Return the URI of a workflow of a team."""
    return str(AssetUri("workflow", team_name, name))


def pair(name: str) -> str:
    """Return namespace and name of a table of the lake, as OpenLineage writes them: its location."""
    return f"s3://{COMPANY}-lake/{name}"


def table(name: str) -> str:
    """Return the URI of a table of the lake. Raises ValueError for a name that is no location."""
    uri = dataset_uri_from_location(pair(name))
    if uri is None:
        raise ValueError(f"{name!r} is not the name of a table")
    return str(uri)
