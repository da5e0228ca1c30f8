"""What the connector reads and what it may say."""

from __future__ import annotations

from typing import Final

from mlgraph.connectors import Spec

SPEC: Final = Spec(
    name="openlineage",
    event_types=("RunEvent", "JobEvent", "DatasetEvent"),
    kinds=("dataset", "column", "run", "workflow"),
    relations=("input_to", "outputs", "run_of", "part_of", "derives", "alias_of"),
    redacted=(
        "members with a secret's name, at any depth of a facet",
        "name-value pairs with a secret's name (environment variables, properties, tags)",
        "`user:password@` in namespaces and names",
        "passwords and tokens inside URLs",
        "mail addresses, and members that name an owner or a user",
    ),
)
