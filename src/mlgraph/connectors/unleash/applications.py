"""Applications that evaluate flags: services of this instance of Unleash, until an alias says which service they are."""

from __future__ import annotations

from typing import Any

from mlgraph.connectors.unleash.public_text import public_text
from mlgraph.connectors.unleash.unleash_instance import ORIGIN, UnleashInstance
from mlgraph.domain.facts import AssetFact, Mode, Statement
from mlgraph.domain.payloads.payload import Located


def application_statements(instance: UnleashInstance, data: Located) -> list[Statement]:
    """Return the facts of `unleash.application`: {application}. It is known since its first registration."""
    application = data.need("application")
    name = application.need("appName").name()
    description = application.typed("description", str)
    usage: list[dict[str, Any]] = []
    for each in application.objects("usage") or ():
        project, environments = each.typed("project", str), each.typed("environments", list)
        names = [
            text for one in (environments.items() if environments else ()) if (text := one.attempt(Located.text)) is not None
        ]
        usage.append({"project": project.text() if project else "", "environments": sorted(names)})
    state = {
        "name": name,
        "description": public_text(description.text()) if description else "",
        "properties": {"application_of": "unleash", "uses": sorted(usage, key=lambda one: str(one["project"]))},
    }
    return [AssetFact(instance.service(name), ORIGIN, application.need("createdAt").time(), state, Mode.PATCH)]
