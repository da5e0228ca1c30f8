"""Webhooks of MLflow: verification of signatures (Standard Webhooks with other header names), and the changed object."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Final

from mlgraph.domain.errors import Unauthorized
from mlgraph.domain.payloads.payload import Located, decode_json

TOLERANCE_S: Final = 300
"""The maximum difference of a delivery's time to this clock. Standard Webhooks requires a bound, but does not set it."""
_LONGEST_TIME: Final = 15

EVENTS: Final = (
    "registered_model.created",
    "model_version.created",
    "model_version_tag.set",
    "model_version_tag.deleted",
    "model_version_alias.created",
    "model_version_alias.deleted",
)
"""The events to subscribe to: all that MLflow sends about models."""


def verify_webhook(headers: Mapping[str, str], body: bytes, secret: str, now: float) -> dict[str, Any]:
    """Return the event in `body`, if `headers` prove that its sender knows `secret` and sent it near `now` (Unix seconds).

    The signature is `v1,` and the base64 of HMAC-SHA256 over `DELIVERY_ID.TIMESTAMP.BODY`. Raises `Unauthorized` where
    it is missing, wrong or stale, `NotJson` or `InvalidInput` where a signed body is not an event. A repetition has the
    same delivery id.
    """
    given = {key.lower(): value for key, value in headers.items()}
    delivery, sent, signatures = (given.get(f"x-mlflow-{name}", "") for name in ("delivery-id", "timestamp", "signature"))
    if not (delivery and sent and signatures):
        raise Unauthorized("the webhook is not signed: create it in MLflow with the secret that `connect` printed")
    signed = f"{delivery}.{sent}.".encode() + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    expected = b"v1," + base64.b64encode(digest)
    if not any(hmac.compare_digest(expected, each.encode("utf-8", "replace")) for each in signatures.split()):
        raise Unauthorized("the webhook's signature is wrong: its secret differs from the one that `connect` printed")
    if not (sent.isascii() and sent.isdigit() and len(sent) <= _LONGEST_TIME and abs(now - int(sent)) <= TOLERANCE_S):
        raise Unauthorized(f"the webhook was signed more than {TOLERANCE_S} s from now: compare the clocks of both machines")
    return dict(Located(decode_json(body)).mapping())


def thin(event: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return kind and id of the changed object, which must be fetched; None for an event that the graph ignores."""
    found = Located(dict(event))
    name = f"{found.need('entity').text()}.{found.need('action').text()}"
    if name not in EVENTS:
        return None
    data = found.need("data")
    model = data.need("name").name()
    if name == "registered_model.created" or name.startswith("model_version_alias."):
        return "registered_model", model
    return "model_version", f"{model}/{data.need('version').name()}"


def occurred_at(event: Mapping[str, Any]) -> int:
    """Return the time of `event` in microseconds since the epoch."""
    return Located(dict(event)).need("timestamp").time()
