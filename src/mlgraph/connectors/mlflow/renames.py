"""Registered models that live on under another name, which no event tells."""

from __future__ import annotations

from collections.abc import Mapping

from mlgraph.connectors.mlflow.mlflow_instance import ORIGIN, MlflowInstance, entries
from mlgraph.domain.facts import AssetRetraction, EdgeFact, EdgeRetraction, Statement
from mlgraph.domain.payload import Located
from mlgraph.ports.source_adapter import Identity


def renames(before: Mapping[str, Identity], after: Mapping[str, Identity]) -> list[tuple[str, str]]:
    """Return (old, new) for each model of `before` that `after` has under a new name: created then, with its versions.

    Versions may have come or gone since; where several candidates match, none is taken. A new name that is in `before`
    already, because something told of it earlier than of the old one's end, has to share a version with the old.
    """
    found: list[tuple[str, str]] = []
    for old in sorted(set(before) - set(after)):
        was = before[old]
        same = [
            new
            for new, now in after.items()
            if now.created == was.created and (was.parts & now.parts or (new not in before and not was.parts))
        ]
        found += [(old, same[0])] if len(same) == 1 else []
    return found


def rename_statements(registry: MlflowInstance, data: Located) -> list[Statement]:
    """Return the facts of `mlflow.renamed`: {from, to, versions, at, since?}. Old names end, and lead to the new from then on.

    The alias begins a microsecond later: a retraction ends every edge of the asset that began at its moment or before. MLflow
    tells of what has the new name with the times from before it had it: from `since` until then that is what had the old name.
    """
    old, new, at, since = data.need("from").name(), data.need("to").name(), data.need("at").time(), data.get("since")
    numbers = [each.name() for each in entries(data, "versions")]
    pairs = [(registry.uri("model", old), registry.uri("model", new))]
    pairs += [(registry.uri("model_version", f"{old}/{n}"), registry.uri("model_version", f"{new}/{n}")) for n in numbers]
    statements: list[Statement] = []
    for was, now in pairs:
        statements += [AssetRetraction(was, ORIGIN, at), EdgeRetraction(now, "alias_of", was, ORIGIN, at)]
        statements.append(EdgeFact(was, "alias_of", now, ORIGIN, at + 1))
        if since and since.time() < at:
            statements.append(EdgeFact(now, "alias_of", was, ORIGIN, since.time(), at))
    return statements
