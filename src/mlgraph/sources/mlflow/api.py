"""A client of the parts of MLflow's REST API that mlgraph uses (REST API reference, /api/2.0/mlflow)."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx

from mlgraph.domain.credentials import Credentials, check_address
from mlgraph.domain.errors import InvalidInput, SourceError
from mlgraph.ports.source_adapter import Access, CircuitState
from mlgraph.services.common.metrics import SourceCounts
from mlgraph.sources.http import MISSING, Endpoint, Json, JsonClient, Missing, RetryPolicy

Found = tuple[list[Json], str | None]
"""A page of a search: its items, and the token of the next page; None on the last."""

_MISSING_CODE: Final = "RESOURCE_DOES_NOT_EXIST"
_MOST: Final = 1000
_MOST_RUNS: Final = 100
_EXPERIMENTS_A_CALL: Final = 100
_VERSION: Final = re.compile(r"\d[\w.+-]{0,40}", re.ASCII)
_VERSION_BYTES: Final = 100
_LONGEST_TIME: Final = 15


def connect(access: Access, retries: RetryPolicy | None = None) -> JsonClient:
    """Return a client of the MLflow server at `access.url`, with the credentials and limits of `access`.

    Raises `InvalidInput` if the URL is not an http or https URL, or contains a login.
    """
    check_address(access.url)
    limits, credentials = access.limits, access.credentials
    client = httpx.Client(
        base_url=f"{access.url.rstrip('/')}/api/2.0/mlflow/",
        headers=_headers(access),
        limits=httpx.Limits(max_connections=limits.concurrency),
    )
    server = Endpoint(
        f"MLflow at {place(access.url)}",
        _MISSING_CODE,
        access.instance or place(access.url),
        credentials.redact if credentials else str,
    )
    return JsonClient(client, server, limits=limits, retries=retries)


def ambient_credentials(environ: Mapping[str, str] = os.environ) -> Credentials | None:
    """Return the credentials that MLflow's own client would read from the environment; None if there are none.

    Raises `InvalidInput` if they are not valid in a header.
    """
    user, token = environ.get("MLFLOW_TRACKING_USERNAME"), environ.get("MLFLOW_TRACKING_TOKEN")
    try:
        if user:
            return Credentials(environ.get("MLFLOW_TRACKING_PASSWORD", ""), user)
        return Credentials(token) if token else None
    except InvalidInput as error:
        named = "MLFLOW_TRACKING_PASSWORD" if user else "MLFLOW_TRACKING_TOKEN"
        raise InvalidInput(f"the value of {named} in the server's environment cannot be used: {error.detail}") from None


def version_at(access: Access) -> str | None:
    """Return the version of an MLflow server; None if it does not report one."""
    try:
        with httpx.stream(
            "GET", f"{access.url.rstrip('/')}/version", headers=_headers(access), timeout=access.limits.timeout_s
        ) as answer:
            body_start = next(answer.iter_bytes(_VERSION_BYTES), b"") if answer.is_success else b""
    except httpx.HTTPError:
        return None
    version_text = body_start.decode("ascii", "replace").strip()
    return version_text if _VERSION.fullmatch(version_text) else None


def _headers(access: Access) -> dict[str, str]:
    authorization = {"authorization": access.credentials.authorization} if access.credentials else {}
    return {"accept": "application/json", **authorization}


def place(base_url: str) -> str:
    """Return host and port of a URL (and its path, if it has one): the default name of an instance."""
    parts = urlsplit(base_url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.hostname or ''}{port}{parts.path.rstrip('/')}"


class MlflowApi:
    """One method for each call. Look-ups return `MISSING` for an object that does not exist; searches return a page."""

    def __init__(self, client: JsonClient) -> None:
        """Send requests through `client`."""
        self._client = client

    def experiment(self, experiment_id: str) -> Json | Missing:
        """Return an experiment."""
        return _part(self._client.get("experiments/get", {"experiment_id": experiment_id}), "experiment")

    def run(self, run_id: str) -> Json | Missing:
        """Return a run with its data, inputs and outputs."""
        return _part(self._client.get("runs/get", {"run_id": run_id}), "run")

    def logged_model(self, model_id: str) -> Json | Missing:
        """Return a logged model."""
        return _part(self._client.get(f"logged-models/{quote(model_id, safe='')}"), "model")

    def registered_model(self, name: str) -> Json | Missing:
        """Return a registered model with its aliases."""
        return _part(self._client.get("registered-models/get", {"name": name}), "registered_model")

    def model_version(self, name: str, version: str) -> Json | Missing:
        """Return a model version."""
        return _part(self._client.get("model-versions/get", {"name": name, "version": version}), "model_version")

    def download_location(self, name: str, version: str) -> str | Missing:
        """Return where the model of a version is stored."""
        reply = self._client.get("model-versions/get-download-uri", {"name": name, "version": version})
        return MISSING if reply is MISSING else str(reply.get("artifact_uri", ""))

    def experiments(self, token: str | None) -> Found:
        """Return all experiments, deleted ones too, oldest first."""
        body = {"max_results": _MOST, "view_type": "ALL", "order_by": ["creation_time ASC"]}
        return _page(self._client.post("experiments/search", _with(body, token)), "experiments")

    def runs(self, experiments: Sequence[str], token: str | None, where: str = "") -> Found:
        """Return all runs of the experiments, deleted ones too, oldest first."""
        body = {
            "experiment_ids": list(experiments),
            "max_results": _MOST_RUNS,
            "run_view_type": "ALL",
            "order_by": ["attributes.start_time ASC"],
            "filter": where,
        }
        return _page(self._client.post("runs/search", _with(body, token)), "runs")

    def logged_models(self, experiments: Sequence[str], token: str | None) -> Found:
        """Return logged models of the experiments, oldest first."""
        body = {
            "experiment_ids": list(experiments),
            "max_results": _MOST_RUNS // 2,
            "order_by": [{"field_name": "creation_timestamp", "ascending": True}],
        }
        return _page(self._client.post("logged-models/search", _with(body, token)), "models")

    def registered_models(self, token: str | None) -> Found:
        """Return registered models, by name; aliases are in them."""
        params = {"max_results": _MOST, "order_by": "name ASC"}
        return _page(self._client.get("registered-models/search", _with(params, token)), "registered_models")

    def model_versions(self, token: str | None, where: str = "") -> Found:
        """Return model versions, oldest first; aliases are not in them."""
        params = {"max_results": _MOST, "order_by": "creation_timestamp ASC", "filter": where}
        return _page(self._client.get("model-versions/search", _with(params, token)), "model_versions")

    def webhooks(self, token: str | None) -> Found:
        """Return the existing webhooks."""
        return _page(self._client.get("webhooks", _with({"max_results": _MOST_RUNS}, token)), "webhooks")

    def create_webhook(self, name: str, url: str, secret: str, events: Sequence[str]) -> Json:
        """Create a webhook that is signed with `secret`, and return it."""
        pairs = [event.upper().split(".") for event in events]
        body = {
            "name": name,
            "url": url,
            "secret": secret,
            "events": [{"entity": entity, "action": action} for entity, action in pairs],
            "description": "reports changes of the model registry to mlgraph",
        }
        found = _part(self._client.post("webhooks", body), "webhook")
        if found is MISSING:
            raise SourceError("this MLflow server has no webhooks (MLflow 3.3 or later is needed): mlgraph polls it instead")
        return found

    def sign_webhook(self, webhook_id: str, secret: str) -> None:
        """Change the secret with which a webhook is signed."""
        self._client.patch(f"webhooks/{quote(webhook_id, safe='')}", {"secret": secret})

    @property
    def counts(self) -> SourceCounts:
        """The metrics of this source."""
        return self._client.counts

    def circuit(self) -> CircuitState:
        """Return the state of the circuit breaker."""
        return self._client.circuit()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def pages_of(search: Callable[[str | None], Found]) -> Iterator[list[Json]]:
    """Yield the pages of a search."""
    token: str | None = None
    while True:
        items, token = search(token)
        yield items
        if not token:
            return


def each(search: Callable[[str | None], Found]) -> Iterator[Json]:
    """Yield all items of a search, page after page."""
    return (item for items in pages_of(search) for item in items)


def info_of(item: Json) -> Json:
    """Return the `info` of a run or logged model."""
    found = item.get("info")
    return found if isinstance(found, dict) else {}


def text_of(item: Json, key: str) -> str:
    """Return a member that identifies `item`, as text. Raises `SourceError` if it is absent or empty."""
    found = item.get(key)
    if not isinstance(found, str | int) or isinstance(found, bool) or found == "":
        raise SourceError(f"MLflow's answer has an item without {key!r}: check that the URL is that of an MLflow server")
    return str(found)


def time_of(item: Json, *keys: str) -> int:
    """Return the first of these times that `item` has, in milliseconds since the epoch; 0 without a valid one."""
    found = next((item[key] for key in keys if item.get(key)), 0)
    text = str(found)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST_TIME else 0


def is_deleted(item: Json) -> bool:
    """Return whether MLflow reports a run or experiment as deleted."""
    return "deleted" in (item.get("lifecycle_stage"), info_of(item).get("lifecycle_stage"))


def chunks(experiments: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield the ids in groups for one search each. No group is empty, because that would search everywhere or nowhere."""
    for start in range(0, len(experiments), _EXPERIMENTS_A_CALL):
        yield experiments[start : start + _EXPERIMENTS_A_CALL]


def _with(params: dict[str, Any], token: str | None) -> dict[str, Any]:
    return {key: value for key, value in {**params, "page_token": token}.items() if value}


def _part(reply: Json | Missing, key: str) -> Json | Missing:
    if reply is MISSING:
        return MISSING
    found = reply.get(key)
    if not isinstance(found, dict):
        raise SourceError(f"MLflow's answer has no {key!r}: check that the URL is that of an MLflow server")
    return found


def _page(reply: Json | Missing, key: str) -> Found:
    if reply is MISSING:
        raise SourceError(f"this MLflow server has no search for {key}: version 3 or later is needed")
    items = reply.get(key, [])
    token = reply.get("next_page_token")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise SourceError(
            f"MLflow's answer has a {key!r} that is not a list of objects: check that the URL is that of an MLflow server"
        )
    return items, token if isinstance(token, str) and token else None
