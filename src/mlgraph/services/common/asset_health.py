"""The health of an asset, derived from its own state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_UNHEALTHY: Final = frozenset({"degraded", "failing", "unhealthy", "down", "critical", "error"})
_HEALTHY: Final = frozenset({"ok", "healthy", "up", "passing"})


def health_of(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return {status: ok | failing | unknown, reasons}, derived from reported health, run state and data-quality assertions."""
    properties = state.get("properties") or {}
    reasons: list[str] = []
    healthy = False
    reported = properties.get("health")
    if isinstance(reported, str):
        if reported.lower() in _UNHEALTHY:
            reasons.append(f"reported {reported}")
        healthy = reported.lower() in _HEALTHY
    if properties.get("state") in ("FAIL", "ABORT"):
        error = properties.get("error")
        message = error.get("message") if isinstance(error, dict) else None
        reasons.append(f"ended in {properties['state']}" + (f": {message}" if message else ""))
    healthy = healthy or properties.get("state") == "COMPLETE"
    quality = properties.get("quality")
    assertions = quality.get("assertions") if isinstance(quality, dict) else None
    for assertion in assertions if isinstance(assertions, list) else ():
        if isinstance(assertion, dict) and assertion.get("success") is False:
            column = f" on {assertion['column']}" if assertion.get("column") else ""
            reasons.append(f"assertion {assertion.get('assertion', 'unnamed')}{column} failed")
        healthy = True
    return {"status": "failing" if reasons else "ok" if healthy else "unknown", "reasons": reasons}
