"""Webhooks of Unleash: its integration `webhook` sends an event as it is, with a fixed header, because it signs nothing."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any, Final

from mlgraph.connectors.unleash.removals import FLAG_KEY
from mlgraph.connectors.unleash.replay import APPLIED_TYPES
from mlgraph.domain.errors import Unauthorized
from mlgraph.domain.payloads.payload import Located, decode_json

_UNSENT: Final = frozenset({"feature-deleted", "feature-uncompleted"})
"""Events that the integration does not offer; polling reads them."""
SENT_EVENTS: Final = tuple(name for name in APPLIED_TYPES if name not in _UNSENT and "-link-" not in name)
"""The events to subscribe to: all that change what the graph knows of a flag, and that the integration offers."""


def verify_webhook(headers: Mapping[str, str], body: bytes, secret: str, now: float) -> dict[str, Any]:  # noqa: ARG001 - deliveries have no time of their own
    """Return the event in `body`, if its header Authorization has the secret of the source, alone or after `Bearer`.

    Raises `Unauthorized` where it has not. Anybody who reads one delivery can send others: use https between both servers. A
    repetition or a forged event changes nothing: the flag that it names is read from Unleash again.
    """
    given = {key.lower(): value for key, value in headers.items()}.get("authorization", "").strip()
    if not given:
        raise Unauthorized(
            "the webhook has no header Authorization: set the parameter Authorization of the integration in Unleash "
            "to the secret that `connect` printed"
        )
    scheme, _, rest = given.partition(" ")
    token = rest.strip() if scheme.lower() == "bearer" else given
    if not hmac.compare_digest(token.encode("utf-8", "replace"), secret.encode()):
        raise Unauthorized("the header Authorization of the webhook is not the secret that `connect` printed")
    return dict(Located(decode_json(body)).mapping())


def thin(event: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return kind and id of the flag that an event names; None for an event that changes nothing in the graph."""
    found = Located(dict(event))
    if found.need("type").text() not in APPLIED_TYPES:
        return None
    flag, project = found.get("featureName"), found.get("project")
    return (FLAG_KEY, f"{project.name()}/{flag.name()}") if flag and project else None


def occurred_at(event: Mapping[str, Any]) -> int:
    """Return the time of an event in microseconds since the epoch."""
    return Located(dict(event)).need("createdAt").time()
