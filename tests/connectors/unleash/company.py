"""The flags of a small company, made by the admin API of a real Unleash: every form by which a variant names what it tests."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.realparts.unleash_server import UnleashServer

FLAGS: Final = "projects/default/features"
TOTAL: Final = 1000
Json = dict[str, Any]


def variant(name: str, weight: int, payload: str | Mapping[str, str] | None = None) -> Json:
    """Return a variant: with a text or a JSON object as its payload, or without one. Unleash needs one of a variable weight."""
    kind = "fix" if name == "champion" and weight < TOTAL else "variable"
    made: Json = {"name": name, "weight": weight, "weightType": kind, "stickiness": "userId"}
    if isinstance(payload, str):
        made["payload"] = {"type": "string", "value": payload}
    elif payload is not None:
        made["payload"] = {"type": "json", "value": json.dumps(payload)}
    return made


def strategy(flag: str, variants: Sequence[Json], rollout: int = 100, constraints: Sequence[Json] = ()) -> Json:
    """Return a strategy of a flag."""
    parameters = {"rollout": str(rollout), "stickiness": "userId", "groupId": flag}
    return {"name": "flexibleRollout", "parameters": parameters, "constraints": list(constraints), "variants": list(variants)}


class Company:
    """What the company does with its flags."""

    def __init__(self, unleash: UnleashServer) -> None:
        """Make flags on `unleash`."""
        self.unleash = unleash

    def create(self, flag: str, kind: str = "experiment", description: str = "") -> None:
        """Create a flag."""
        self.unleash.send("POST", FLAGS, {"name": flag, "type": kind, "description": description, "impressionData": True})

    def add(self, flag: str, environment: str, body: Json) -> str:
        """Add a strategy to a flag; return its id."""
        made: Json = self.unleash.send("POST", f"{FLAGS}/{flag}/environments/{environment}/strategies", body)
        return str(made["id"])

    def change(self, flag: str, environment: str, number: str, body: Json) -> None:
        """Replace a strategy."""
        self.unleash.send("PUT", f"{FLAGS}/{flag}/environments/{environment}/strategies/{number}", body)

    def remove(self, flag: str, environment: str, number: str) -> None:
        """Remove a strategy."""
        self.unleash.send("DELETE", f"{FLAGS}/{flag}/environments/{environment}/strategies/{number}")

    def switch(self, flag: str, environment: str, state: str) -> None:
        """Turn a flag `on` or `off` in an environment."""
        self.unleash.send("POST", f"{FLAGS}/{flag}/environments/{environment}/{state}")

    def archive(self, flag: str) -> None:
        """Archive a flag."""
        self.unleash.send("DELETE", f"{FLAGS}/{flag}")

    def revive(self, flag: str) -> None:
        """Revive an archived flag."""
        self.unleash.send("POST", "projects/default/revive", {"features": [flag]})

    def delete(self, flag: str) -> None:
        """Delete an archived flag for good."""
        self.unleash.send("DELETE", f"archive/{flag}")

    def count(self, flag: str, counts: Mapping[str, int], hours_ago: int = 2) -> None:
        """Send what the SDK of an application counted."""
        start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours_ago)
        toggles = {flag: {"yes": sum(counts.values()), "no": 0, "variants": dict(counts)}}
        bucket = {"start": start.isoformat(), "stop": (start + timedelta(minutes=1)).isoformat(), "toggles": toggles}
        about = {"appName": "shop-web", "instanceId": "shop-web-1"}
        started = {"sdkVersion": "unleash-client-node:6.0.0", "strategies": ["default"], "interval": 10}
        self.unleash.report("production", {**about, **started, "started": start.isoformat()}, "register")
        self.unleash.report("production", {**about, "bucket": bucket}, "metrics")

    def make_all(self) -> None:
        """Make all flags."""
        for kind in ("mlflow", "mlflow-champion"):
            self.unleash.send("POST", "tag-types", {"name": kind, "description": "names a model version"})
        self._ranker()
        self._checkout()
        self._banner()
        self.create("button", "release")
        self.add("button", "production", strategy("button", [], 50))
        self.create("reused")
        self.add("reused", "production", strategy("reused", [variant("a", 500, "models:/old/1"), variant("b", 500)]))
        self.switch("reused", "production", "on")
        self.archive("reused")
        self.delete("reused")
        self.create("reused")
        self.add("reused", "production", strategy("reused", [variant("a", 1000, "models:/old/2")]))
        self.switch("reused", "production", "on")

    def _ranker(self) -> None:
        """Two environments; the challenger becomes another version; a second strategy comes and goes."""
        flag, champion = "ranker-test", variant("champion", 900, {"model": "models:/ranker/8"})
        self.create(flag, description="Does ranker 9 sell more?")
        countries = {"contextName": "country", "operator": "IN", "values": ["DE", "FR"], "inverted": False}
        first = strategy(flag, [champion, variant("challenger", 100, "models:/ranker/9")], constraints=[countries])
        number = self.add(flag, "production", first)
        self.add(flag, "development", strategy(flag, [champion, variant("challenger", 100, "models:/ranker/10")]))
        self.switch(flag, "production", "on")
        second = self.add(flag, "production", strategy(flag, [variant("challenger", 1000, "models:/ranker/11")], 20))
        self.change(
            flag,
            "production",
            number,
            strategy(flag, [champion, variant("challenger", 100, {"model_version": "models:/ranker@new"})]),
        )
        self.remove(flag, "production", second)
        self.unleash.send("POST", f"features/{flag}/tags", {"type": "simple", "value": "team-ranking"})
        self.unleash.send("POST", f"{FLAGS}/{flag}/link", {"url": "https://wiki.example.org/ranker-test", "title": "design"})
        self.count(flag, {"champion": 1989, "challenger": 11})

    def _checkout(self) -> None:
        """A tag names the champion; the challenger has a payload without a model; a deployment in development."""
        flag = "checkout"
        self.create(flag, "release")
        self.unleash.send("POST", f"features/{flag}/tags", {"type": "mlflow-champion", "value": "models:/checkout/3"})
        self.add(flag, "production", strategy(flag, [variant("champion", 500), variant("challenger", 500, {"colour": "blue"})]))
        self.switch(flag, "production", "on")
        self.switch(flag, "production", "off")
        deployed = variant("champion", 1000, {"deployment": "mlg://deployment/prod/checkout-canary"})
        number = self.add(flag, "development", strategy(flag, [deployed]))
        self.switch(flag, "development", "on")
        self.change(flag, "development", number, {**strategy(flag, [deployed]), "disabled": True})

    def _banner(self) -> None:
        """A tag and a link without a variant name the experiment; the experiment was decided, and the flag archived."""
        flag = "banner"
        self.create(flag)
        self.add(flag, "production", strategy(flag, []))
        self.unleash.send("POST", f"features/{flag}/tags", {"type": "mlflow", "value": "models:/banner/1"})
        self.switch(flag, "production", "on")
        self.unleash.send("POST", f"{FLAGS}/{flag}/lifecycle/complete", {"status": "kept", "statusValue": "bright"})
        self.archive(flag)
