"""Facts that the demo company's platform reports: teams, roles, services, deployments, releases, the experiment, an alert.

The deployment platform records the day of each action, so these facts are valid from days in the past. Release facts repeat which
run built which version, with the day of the build: the same edge from MLflow is valid only from the registration of the version.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from mlgraph.demo import company_names
from mlgraph.domain.naming.dataset_naming import dataset_uri_from_location
from mlgraph.domain.uri import AssetUri, person_uri

Line = dict[str, Any]
EXPERIMENT: Final = str(AssetUri("experiment", company_names.COMPANY, "shelf-policy"))
ALERT: Final = str(AssetUri("alert", company_names.COMPANY, "stale-ad-audiences"))
SHELF_STARTED_DAYS_AGO: Final = 17
SHELF_ENDED_DAYS_AGO: Final = 10
FOUNDED_DAYS_AGO: Final = 60

SERVICES: Final = {
    "home-feed": ("recommendations", "The rows of the home page.", ("recommendations/candidates", "features/member_taste")),
    "title-retrieval": ("recommendations", "Titles near to what a member liked.", ("recommendations/movie_vectors",)),
    "trending-row": ("recommendations", "The titles that are watched most.", ("features/title_popularity",)),
    "more-like-this": ("content-understanding", "Titles like the one on the page.", ("content/similar_titles",)),
    "title-search": ("search-and-ads", "Finds titles by words.", ("search/title_documents",)),
    "ad-decisions": ("search-and-ads", "Picks the advertisement between two titles.", ("ads/audiences",)),
    "merch-shelf": ("experimentation", "The shelf of fan articles below a title.", ()),
    "edge-gateway": ("data-platform", "The entry point of the apps: combines the answers of many services.", ()),
}
"""Owner, description and the online tables of each service, which it reads per request."""

REQUIRED: Final = (
    ("home-feed", "edge-gateway", "hard"),
    ("title-search", "edge-gateway", "hard"),
    ("title-retrieval", "home-feed", "soft"),
    ("trending-row", "home-feed", "soft"),
    ("more-like-this", "edge-gateway", "soft"),
    ("ad-decisions", "edge-gateway", "soft"),
    ("merch-shelf", "edge-gateway", "soft"),
)


@dataclass(frozen=True)
class Release:
    """A version on a deployment, from `since` to `until` days ago (None: still deployed); without a model, plain software."""

    service: str
    deployment: str
    model: str | None
    version: str
    since: int
    until: int | None = None
    weight: float = 1.0


RELEASES: Final = (
    Release("home-feed", "home-feed-main", "home-ranker", "1", 34, 21),
    Release("home-feed", "home-feed-main", "home-ranker", "2", 21),
    Release("trending-row", "trending-row-main", "title-popularity", "1", 33),
    Release("title-search", "title-search-main", "search-ranker", "1", 32),
    Release("more-like-this", "more-like-this-main", "title-embedding", "1", 29, 8),
    Release("more-like-this", "more-like-this-main", "title-embedding", "2", 8),
    Release("title-retrieval", "title-retrieval-main", "movie-vectors", "1", 27),
    Release("ad-decisions", "ad-decisions-main", "ad-propensity", "1", 24),
    Release("merch-shelf", "merch-shelf-random", "shelf-policy-random", "1", SHELF_STARTED_DAYS_AGO, weight=0.5),
    Release("merch-shelf", "merch-shelf-bts", "shelf-policy-bts", "1", SHELF_STARTED_DAYS_AGO, weight=0.5),
    Release("edge-gateway", "edge-gateway-main", None, "", FOUNDED_DAYS_AGO),
)


def lines(last_day: datetime, history: Mapping[str, Any], training: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield the facts as NDJSON lines, derived from the recorded results of the workflows and the trainings."""
    estate = Estate(last_day, history, training)
    for line in estate.facts():
        yield json.dumps(line, ensure_ascii=False).encode() + b"\n"


class Estate:
    """Generates the facts as JSON objects; times are relative to the last day of the replay."""

    def __init__(self, last_day: datetime, history: Mapping[str, Any], training: Mapping[str, Any]) -> None:
        self._last_day = last_day
        self._history = history
        self._training = training

    def facts(self) -> Iterator[Line]:
        """Yield all facts."""
        yield from self._organisation()
        yield from self._services()
        yield from self._deployments()
        yield from self._releases()
        yield from self._experiment()
        yield from self._incident()

    def _ago(self, days: float) -> str:
        return (self._last_day - timedelta(days=days)).isoformat()

    def _asset(self, uri: str, days_ago: float, **state: Any) -> Line:  # noqa: ANN401 - values of any JSON type
        return {"asset": {"uri": uri, **state, "valid_from": self._ago(days_ago)}}

    def _edge(
        self, source: str, relation: str, target: str, days_ago: float, until: float | None = None, **properties: str
    ) -> Line:
        edge: Line = {"source": source, "relation": relation, "target": target, "valid_from": self._ago(days_ago)}
        if until is not None:
            edge["valid_to"] = self._ago(until)
        return {"edge": edge | ({"properties": properties} if properties else {})}

    def _organisation(self) -> Iterator[Line]:
        """Teams, and for each the on-call role and the training account; there are no human beings."""
        for name, description in company_names.TEAMS.items():
            yield self._asset(company_names.team(name), FOUNDED_DAYS_AGO, name=name, description=description)
            mail = f"oncall@{name}.{company_names.COMPANY}.example"
            oncall = str(person_uri(mail))
            yield self._asset(oncall, FOUNDED_DAYS_AGO, name=f"{name}, on call", properties={"mail": mail})
            account = str(person_uri(f"training@{name}.{company_names.COMPANY}.example"))  # the user of MLflow's runs
            for member in (oncall, account):
                yield self._edge(member, "member_of", company_names.team(name), FOUNDED_DAYS_AGO)

    def _services(self) -> Iterator[Line]:
        for name, (team, description, online) in SERVICES.items():
            uri = company_names.service(name)
            yield self._asset(uri, FOUNDED_DAYS_AGO, **_service(name, team, description, "healthy"))
            yield self._edge(uri, "owned_by", company_names.team(team), FOUNDED_DAYS_AGO)
            for table in online:
                yield self._edge(company_names.table(table), "input_to", uri, 34, role="online")
        for needed, by, requirement in REQUIRED:
            yield self._edge(
                company_names.service(needed), "required_by", company_names.service(by), FOUNDED_DAYS_AGO, requirement=requirement
            )

    def _deployments(self) -> Iterator[Line]:
        for release in RELEASES:
            uri, owner = company_names.deployment(release.deployment), SERVICES[release.service][0]
            if release.since == max(r.since for r in RELEASES if r.deployment == release.deployment):
                state = _deployment(release.deployment, owner, release.weight, "healthy")
                yield self._asset(uri, release.since, **state)
                yield self._edge(uri, "serves", company_names.service(release.service), release.since)
            if release.model:
                deployed = company_names.version(release.model, release.version)
                yield self._edge(deployed, "deployed_as", uri, release.since, release.until)

    def _releases(self) -> Iterator[Line]:
        """The run that built each version, from the end of that run; owners of versions and models."""
        for trained in self._training["versions"]:
            built = datetime.fromisoformat(trained["ended_at"])
            days_ago = (self._last_day - built) / timedelta(days=1)
            uri = company_names.version(trained["model"], trained["version"])
            model = company_names.model(trained["model"])
            owners = [company_names.team(trained["team"])]
            inputs = [str(dataset_uri_from_location(location)) for location in trained["inputs"]]
            yield self._asset(uri, days_ago, owners=owners)
            neighbours = trained.get("neighbours")
            reported = {"properties": {"nearest_neighbours": neighbours}} if neighbours else {}
            yield self._asset(model, days_ago, owners=owners, **reported)
            output_edge = self._edge(company_names.mlflow_run(trained["run_id"]), "outputs", uri, days_ago)
            output_edge["edge"]["properties"] = {"from": inputs}
            yield output_edge
            yield self._edge(uri, "version_of", model, days_ago)
            for dataset in inputs:
                yield self._edge(uri, "trained_on", dataset, days_ago)

    def _experiment(self) -> Iterator[Line]:
        """The A/B experiment; its arms are the two bandit policies of the published logs."""
        policies = self._history["policies"]
        owners = [company_names.team("experimentation")]
        started, ended = SHELF_STARTED_DAYS_AGO, SHELF_ENDED_DAYS_AGO
        described = {
            "name": "shelf-policy",
            "owners": owners,
            "description": "Does Thompson sampling get more clicks on the shelf than showing items at random?",
        }
        setting = {"unit": "impression", "metric": "ctr", "split": {"random": 0.5, "bts": 0.5}}
        result = {"state": "finished", "z": _z(policies["bts"], policies["random"]), "decision": "open"}
        yield self._asset(EXPERIMENT, started, **described, properties={**setting, "state": "running"})
        yield self._asset(EXPERIMENT, ended, **described, properties={**setting, **result})
        for policy, counts in policies.items():
            arm = str(AssetUri("variant", company_names.COMPANY, f"shelf-policy/{policy}"))
            described = {"name": f"shelf-policy, {policy}", "owners": owners}
            yield self._asset(arm, started, **described, properties={"state": "running"})
            yield self._asset(arm, ended, **described, properties={"state": "finished", **counts})
            yield self._edge(arm, "variant_of", EXPERIMENT, started)
            yield self._edge(company_names.version(f"shelf-policy-{policy}", "1"), "tested_in", arm, started)
            yield self._edge(company_names.deployment(f"merch-shelf-{policy}"), "tested_in", arm, started)

    def _incident(self) -> Iterator[Line]:
        """The service that depends on the failed run: degraded from the time of the failure, with an alert."""
        failure = self._history["failures"][-1]
        failed_at = datetime.fromisoformat(failure["at"]).isoformat()
        reason = f"audiences are a day old: {failure['job']} failed with {failure['message']}"
        team, description, _ = SERVICES["ad-decisions"]
        state = _service("ad-decisions", team, description, "degraded", reason)
        yield {"asset": {"uri": company_names.service("ad-decisions"), **state, "valid_from": failed_at}}
        state = _deployment("ad-decisions-main", team, 1.0, "degraded")
        yield {"asset": {"uri": company_names.deployment("ad-decisions-main"), **state, "valid_from": failed_at}}
        run = str(AssetUri("run", failure["team"], failure["run_id"]))
        properties = {"state": "firing", "severity": "warning", "run": run}
        alert_state = {
            "name": "Audiences are stale",
            "description": reason,
            "owners": [company_names.team(team)],
            "properties": properties,
        }
        yield {"asset": {"uri": ALERT, **alert_state, "valid_from": failed_at}}
        for target in (company_names.service("ad-decisions"), company_names.table("ads/audiences"), run):
            yield {"edge": {"source": ALERT, "relation": "about", "target": target, "valid_from": failed_at}}


def _service(name: str, team: str, description: str, health: str, reason: str | None = None) -> Line:
    properties = {"health": health, "environment": "production"} | ({"health_reason": reason} if reason else {})
    return {"name": name, "description": description, "owners": [company_names.team(team)], "properties": properties}


def _deployment(name: str, team: str, weight: float, health: str) -> Line:
    properties = {"weight": weight, "health": health, "environment": "production"}
    return {"name": name, "owners": [company_names.team(team)], "properties": properties}


def _z(treatment: Mapping[str, float], control: Mapping[str, float]) -> float:
    """Return the z statistic of the difference of two proportions (pooled); above 1.96 it is significant at 5 %."""
    shown = treatment["impressions"], control["impressions"]
    pooled = (treatment["clicks"] + control["clicks"]) / sum(shown)
    error = math.sqrt(pooled * (1 - pooled) * (1 / shown[0] + 1 / shown[1]))
    return round((treatment["ctr"] - control["ctr"]) / error, 3)
